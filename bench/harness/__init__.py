# SPDX-License-Identifier: Apache-2.0
"""What bench/run is made of: building, starting, loading, measuring and reporting."""
