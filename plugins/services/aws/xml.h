/* SPDX-License-Identifier: Apache-2.0 */
/* xml.h: the text of one element in the small XML answers of STS, EC2 and S3. No entities of a document's own, no
 * DOCTYPE, bounded depth; nothing is allocated. */
#ifndef NCL_AWS_XML_H
#define NCL_AWS_XML_H

#include <nacelle/abi.h>

#define NCL_AWS_XML_DEPTH 16u

/*
 * The text of the first element at `path` ("AssumeRoleResponse/AssumeRoleResult/Credentials/AccessKeyId"; a "*" stands
 * for any name), escapes resolved, with a NUL behind it.
 *
 * NCL_OK, with the length in *len; NCL_UNSUPPORTED: there is no such element; NCL_PERMANENT: it is not well formed up
 * to there, or the text does not fit.
 */
ncl_status ncl_aws_xml_get(ncl_str xml, const char *path, char *into, size_t size, size_t *len);

#endif
