# SPDX-License-Identifier: MIT
"""The contract of a line (tests/contract/contract_line.c) on lines of a real kernel."""
import pytest

import board


@pytest.mark.slow
@pytest.mark.parametrize("generation", [1, 2], ids=["libgpiod1", "libgpiod2"])
@pytest.mark.parametrize("shift", [0, 1])
def test_a_line_of_the_kernel_keeps_the_contract(generation, shift):
    program = board.gateway(generation).parents[2] / "tests" / "contract_line"
    if not program.exists():
        pytest.skip(f"{program} is not built")
    # Line 9 hangs on the bus of line 1.
    run = board.boot("contract_line GPIO4 GPIO1+GPIO9 >/out/said 2>&1; echo $? >/out/failed",
                     shift=shift, module="lines=16 triggers=8",
                     files=[(program, "/bin/contract_line")])
    assert run.files["failed"].strip() == "0", run.files["said"]
    assert run.files["said"].count("[       OK ]") == 32, run.files["said"]
