#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Puts a config into an SSM parameter, after Nacelle has found nothing wrong with it.
#   put-parameter.sh [CONFIG [NAME]]      AWS_REGION or AWS_DEFAULT_REGION says where
set -eu
config=${1:-collector-config.yaml}
name=${2:-/otel/collector-config}
nacelle validate --for-parameter --config "$config"
# A standard parameter holds 4,096 bytes, an advanced one, which costs money, 8,192.
if [ "$(wc -c <"$config")" -gt 4096 ]; then tier=Advanced; else tier=Standard; fi
aws ssm put-parameter --name "$name" --type String --tier "$tier" --value "file://$config" --overwrite
