# SPDX-License-Identifier: Apache-2.0
"""The table of configs: rows by topic, and the Go collector's answers to them."""

from configs import rows_keys, rows_old, rows_pipelines, rows_references, rows_text, rows_values

ROWS = [
    row
    for topic in (rows_text, rows_keys, rows_references, rows_values, rows_pipelines, rows_old)
    for row in topic.ROWS
]
