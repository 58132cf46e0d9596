# SPDX-License-Identifier: MIT
import pytest

import board


@pytest.fixture(scope="session", autouse=True)
def the_board():
    """Builds the board once; where it cannot be, all its tests say so."""
    try:
        board.build()
    except board.Unavailable as reason:
        pytest.skip(f"no virtual board here: {reason}")


@pytest.fixture(params=[1, 2], ids=["libgpiod1", "libgpiod2"])
def generation(request):
    """1 or 2: the generation of libgpiod that the gateway is built against."""
    if not board.gateway(request.param).exists():
        pytest.skip(f"{board.gateway(request.param)} is not built")
    return request.param
