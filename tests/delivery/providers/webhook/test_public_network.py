"""No receiver's address leads into our own network, whatever it is written like and whatever its name resolves to."""

from __future__ import annotations

import socket

import pytest

from delivery.providers.port import Taken
from delivery.providers.public_network import is_public
from foundation.errors import Misconfigured, PermanentForAddress, Transient
