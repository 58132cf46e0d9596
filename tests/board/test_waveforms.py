# SPDX-License-Identifier: MIT
"""What `pin2mqtt synth` writes, played on a real wire, reads back as what was asked for."""
import subprocess
from decimal import Decimal

import pytest

import board

FRAMES = {
    "dht11": [("21", "48"), ("0", "20"), ("50", "90")],
    "dht12": [("21.5", "48.2"), ("-3.4", "60.1")],
    "dht21": [("21.5", "48.2"), ("-7.8", "100.0"), ("79.9", "0.3")],
    "dht22": [("21.5", "48.2"), ("-39.9", "99.9"), ("0.1", "0.2")],
    "si7021": [("21.5", "48.2"), ("-0.1", "33.3")],
}


def synth(program, driver, temperature, humidity, path):
    subprocess.run([program, "synth", "--driver", driver, f"--temperature={temperature}",
                    f"--humidity={humidity}", "--edges=both", "-o", path], check=True)


def play_row(line, path):
    """An edge log of one frame -> a row for the module's play."""
    release, offsets = None, []
    for row in path.read_text().splitlines():
        if row.startswith("#") or row.startswith("t_ns"):
            continue
        t_ns, event = row.split(",")[:2]
        if event == "release":
            release = int(t_ns)
        elif event in ("rising", "falling"):
            offsets.append((int(t_ns) - release, event))
    # After the release the wire rises first; a log need not have seen that.
    if offsets[0][1] == "falling":
        offsets.insert(0, (500, "rising"))
    kinds = [kind for _, kind in offsets]
    assert kinds == ["rising", "falling"] * (len(kinds) // 2) + ["rising"] * (len(kinds) % 2)
    return f"{line} - " + " ".join(str(t_ns) for t_ns, _ in offsets)


@pytest.mark.slow
def test_synthesised_frames_drive_the_wire(generation, tmp_path):
    drivers = list(FRAMES)
    rows = []
    for line, driver in enumerate(drivers):
        for temperature, humidity in FRAMES[driver]:
            path = tmp_path / "frame.csv"
            synth(board.gateway(generation), driver, temperature, humidity, path)
            rows.append(play_row(line, path))
    sensors = [{"id": driver, "driver": driver, "pin": f"GPIO{line}", "interval": "2s"}
               for line, driver in enumerate(drivers)]
    conf = [f"{line} model={driver} lock_after={len(FRAMES[driver])}"
            for line, driver in enumerate(drivers)]
    run = board.run_gateway(
        generation, sensors,
        f"gateway_start; wait_frames {len(rows)} 60; status=$?; gateway_stop; exit $status",
        module=f"lines={len(drivers)}", conf=conf, play=rows)
    for driver in drivers:
        got = [(r.values["temperature"], r.values["humidity"]) for r in run.readings
               if r.sensor == driver]
        assert got == [(Decimal(t), Decimal(h)) for t, h in FRAMES[driver]], driver
