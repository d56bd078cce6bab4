# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: the program under test, an OTLP sink, senders, and the comparison of telemetry."""
