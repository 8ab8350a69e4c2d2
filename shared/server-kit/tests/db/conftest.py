"""Lets the tests of this folder import its small server by name, as the script that it also is."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
