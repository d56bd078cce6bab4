/* SPDX-License-Identifier: Apache-2.0 */
/* units.h: units of OpenTelemetry (UCUM) as those of CloudWatch. */
#ifndef NCL_EMF_UNITS_H
#define NCL_EMF_UNITS_H

#include <nacelle/abi.h>
#include <stdbool.h>

/* The unit in a document. With `compat` what ADOT has no word for stays as it is, though CloudWatch refuses it;
 * otherwise every unit becomes one of CloudWatch's. */
ncl_str ncl_emf_unit(ncl_str unit, bool compat);
/* True: one of CloudWatch's (API reference, MetricDatum). */
bool ncl_emf_unit_is_known(ncl_str unit);

#endif
