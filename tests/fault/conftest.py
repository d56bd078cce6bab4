# SPDX-License-Identifier: Apache-2.0
"""The end-to-end package's fixtures, and what every scenario of faults is judged by: the account of its records."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "integration"))
sys.path.insert(0, str(Path(__file__).parent))

from e2e.fixtures import *
