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


@pytest.hookimpl(tryfirst=True)  # pytest-xdist looks at the marks in the same hook
def pytest_collection_modifyitems(items):
    """Side by side, tests that look at one run of the board stay together."""
    for item in items:
        for name in ("reads", "run", "told"):
            if name in item.fixturenames:
                group = f"{item.module.__name__}-{item.callspec.params[name]}"
                item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(params=[1, 2], ids=["libgpiod1", "libgpiod2"])
def generation(request):
    """1 or 2: the generation of libgpiod that the gateway is built against."""
    if not board.gateway(request.param).exists():
        pytest.skip(f"{board.gateway(request.param)} is not built")
    return request.param
