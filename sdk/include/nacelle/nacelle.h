/* SPDX-License-Identifier: Apache-2.0 */
/* nacelle/nacelle.h: the whole ABI in one include. Interfaces and the SDK's own headers are included by name. */
#ifndef NACELLE_NACELLE_H
#define NACELLE_NACELLE_H

#include <nacelle/abi.h>
#include <nacelle/call.h>
#include <nacelle/config.h>
#include <nacelle/host.h>
#include <nacelle/pdata.h>
#include <nacelle/plugin.h>

#endif
