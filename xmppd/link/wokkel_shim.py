"""Mends wokkel 18.0.0, which imports what newer releases of Twisted no longer have.

Import this before `wokkel.data_form`, `disco`, `muc`, `ping` or `pubsub`; nothing else is needed.
"""

import sys
from typing import Any

import constantly  # type: ignore[import-untyped]
from twisted.python import compat

_compat: Any = compat
_compat._PY3 = True
sys.modules.setdefault("twisted.python.constants", constantly)
