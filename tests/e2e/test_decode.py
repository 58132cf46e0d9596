# SPDX-License-Identifier: MIT
"""decode and synth, as people run them: recordings of real sensors, golden files, and
sigrok-cli as the other reader of what synth writes."""
import filecmp
import json
import os
import pathlib
import random
import re
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("PIN2MQTT", str(TOP / "build/dev/src/app/pin2mqtt"))
GOLDEN = sorted((TOP / "tests/golden").glob("*/*.vcd"))
CAPTURES = TOP.parent / "shared/captures"
RECORDED = sorted(CAPTURES.glob("*.vcd"))
DRIVER_OF = {"am2301": "dht21", "am2302": "am2302", "am2320": "am2320", "rht03": "rht03",
             "dht11": "dht11"}


def run(*arguments):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True,
                          timeout=60, check=False)


def decode(path, *options):
    """The objects that decode prints, and its exit status."""
    done = run("decode", *options, path)
    return [json.loads(line) for line in done.stdout.splitlines()], done.returncode


def without_file(frames):
    return [{key: value for key, value in frame.items() if key != "file"} for frame in frames]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_golden_files_decode_to_what_was_sent(path):
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    frames, status = decode(path)
    assert without_file(frames) == expected
    assert {frame["file"] for frame in frames} == {str(path)}
    assert status == (0 if any(frame["verdict"] == "clean" for frame in expected) else 1)


def test_golden_files_are_what_synth_writes_today(tmp_path):
    subprocess.run([TOP / "tests/golden/regenerate", "--into", tmp_path], check=True,
                   env=os.environ | {"PIN2MQTT": BINARY})
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.glob("*/*"))
    kept = sorted(path.relative_to(TOP / "tests/golden")
                  for path in (TOP / "tests/golden").glob("*/*"))
    assert made == kept
    for path in made:
        assert filecmp.cmp(tmp_path / path, TOP / "tests/golden" / path, shallow=False), path


@pytest.mark.skipif(not RECORDED, reason="no recordings of real sensors in ../shared/captures")
@pytest.mark.parametrize("path", RECORDED, ids=[path.stem for path in RECORDED])
def test_real_sensors_decode_to_exactly_what_they_sent(path):
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    frames, status = decode(path, "--driver", DRIVER_OF[path.stem.split("_")[0]])
    clean = [frame for frame in frames if frame["verdict"] == "clean"]
    silent = [frame for frame in frames if frame["verdict"] == "no_response"]
    assert len(clean) + len(silent) == len(frames)
    assert [frame["frame"] for frame in frames] == list(range(1, len(frames) + 1))
    assert ([(frame["t_s"], frame["temperature"], frame["humidity"]) for frame in clean] ==
            [(frame["t_s"], frame["temperature"], frame["humidity"]) for frame in expected])
    assert status == 0


@pytest.mark.skipif(not RECORDED, reason="no recordings of real sensors in ../shared/captures")
@pytest.mark.parametrize("path", RECORDED, ids=[path.stem for path in RECORDED])
def test_the_model_of_real_sensors_is_found_out_from_three_frames(path):
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    frames, _ = decode(path, "--driver", "dht")
    answered = [frame for frame in frames if frame["verdict"] != "no_response"]
    if len(expected) >= 3:
        assert ([(frame["temperature"], frame["humidity"]) for frame in answered] ==
                [(frame["temperature"], frame["humidity"]) for frame in expected])
    else:
        assert [frame["verdict"] for frame in answered] == ["undecided"] * len(expected)
        assert "temperature" not in str(frames)


def sigrok(path, device):
    told = subprocess.run(["sigrok-cli", "-I", "vcd:downsample=1000", "-i", path,
                           "-P", f"am230x:sda=SDA:device={device}",
                           "-A", "am230x=temperature:humidity:checksum"],
                          capture_output=True, text=True, timeout=60, check=True).stdout
    return ([float(value) for value in re.findall(r"Temperature: (-?[\d.]+)", told)],
            [float(value) for value in re.findall(r"Humidity: ([\d.]+)", told)],
            re.findall(r"Checksum: (\w+)", told))


# sigrok's decoder wants a start pulse of 750 us or more, so there is no si7021; of a dht11 it
# shows whole units.
@pytest.mark.skipif(not shutil.which("sigrok-cli"), reason="sigrok-cli is not installed")
@pytest.mark.parametrize("driver", ["dht11", "dht21", "dht22"])
def test_sigrok_reads_the_same_values_from_what_synth_writes(driver, tmp_path):
    source = random.Random(20261122)
    path = tmp_path / "frames.vcd"
    for seed in range(6):
        if driver == "dht11":
            temperature, humidity = source.randint(0, 60), source.randint(5, 95)
        else:
            temperature = source.randint(-400, 800) / 10
            humidity = source.randint(50, 1000) / 10
        done = run("synth", "--driver", driver, f"--temperature={temperature}",
                   f"--humidity={humidity}", "--jitter", "1", "--seed", seed,
                   "--frames", "2", "--every", "0.1", "-o", path)
        assert done.returncode == 0, done.stderr
        device = "dht11" if driver == "dht11" else "am230x"
        assert sigrok(path, device) == ([temperature] * 2, [humidity] * 2, ["OK"] * 2)
        frames, _ = decode(path)
        assert [(frame["temperature"], frame["humidity"]) for frame in frames] == \
               [(temperature, humidity)] * 2


@pytest.mark.parametrize("edges", ["falling", "rising", "both"])
@pytest.mark.parametrize("driver", ["dht11", "dht12", "dht21", "dht22", "si7021"])
def test_edge_logs_of_any_kind_of_edges_decode(driver, edges, tmp_path):
    path = tmp_path / "log.csv"
    done = run("synth", "--driver", driver, "--temperature", "-3.4", "--humidity", "51.2",
               "--edges", edges, "--armed", "60", "-o", path)
    assert done.returncode == 0, done.stderr
    frames, status = decode(path)
    assert status == 0
    assert without_file(frames) == [{"frame": 1, "t_s": 1.0, "verdict": "clean",
                                     "temperature": -3.4, "humidity": 51.2}]


def test_a_frame_with_an_edge_less_is_refused(tmp_path):
    path = tmp_path / "log.csv"
    run("synth", "--driver", "dht22", "-o", path)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    marks = 5
    for lost in range(marks, len(lines) - 1):
        path.write_text("".join(lines[:lost] + lines[lost + 1:]), encoding="utf-8")
        frames, status = decode(path)
        # The response's own edge is not needed: the time since the release is right.
        if lost == marks:
            assert (frames[0]["verdict"], frames[0]["temperature"]) == ("clean", 21.5)
            continue
        assert status == 1
        assert frames[0]["verdict"] in ("too_few_edges", "overrun"), lost
        assert "temperature" not in frames[0]


def test_a_merged_edge_is_repaired_or_refused(tmp_path):
    path = tmp_path / "log.csv"
    run("synth", "--driver", "dht22", "-o", path)
    lines = path.read_text(encoding="utf-8").splitlines()
    marks = 5
    num_repaired = 0
    for lost in range(marks + 1, len(lines) - 1):
        kept = lines[:lost] + lines[lost + 1:]
        # The kernel numbers what it reports: a merged edge leaves no gap.
        numbered = [line if line.startswith("#") or not line.split(",")[2:] or
                    not line.split(",")[2].strip().isdigit() else
                    ",".join([*line.split(",")[:2], str(i)])
                    for i, line in enumerate(kept)]
        path.write_text("\n".join(numbered) + "\n", encoding="utf-8")
        frames, status = decode(path)
        if status == 0:
            num_repaired += 1
            assert (frames[0]["verdict"], frames[0]["temperature"]) == ("repaired", 21.5)
        frames, status = decode(path, "--strict")
        assert status == 1
        assert frames[0]["verdict"] in ("too_few_edges", "bad_timing"), lost
    assert num_repaired > 30


def without_edges(path, *lost):
    """Takes edges out of a log, counted from 1, as a kernel merges them: no gap in seq."""
    lines, number = [], 0
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = line.split(",")
        if fields[1:2] in (["falling"], ["rising"]):
            number += 1
            if number in lost:
                continue
            line = ",".join([*fields[:2], ""])
        lines.append(line)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def explain(path, *options):
    """The JSON objects, and the lines that explain each."""
    done = run("decode", "--explain", *options, path)
    frames, lines = [], []
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            frames.append(json.loads(line))
            lines.append([])
        else:
            assert line.startswith("  "), line
            lines[-1].append(line)
    return frames, lines


@pytest.mark.parametrize("edges", ["falling", "rising", "both"])
def test_explain_tells_each_edge_of_a_clean_frame(edges, tmp_path):
    path = tmp_path / "log.csv"
    run("synth", "--driver", "dht22", "--edges", edges, "-o", path)
    frames, [lines] = explain(path)
    assert frames[0]["verdict"] == "clean"
    text = "\n".join(lines)
    assert "bytes: 01 e2 00 d7 ba" in text
    assert re.search(r"margin: the worst interval is off by \d\.\d us of the 23\.[56] us", text)
    assert "lost" not in text and "late" not in text and "strange" not in text
    rows = [line for line in lines if re.match(r" +\d+ +\d+\.\d ", line)]
    assert len(rows) == {"falling": 42, "rising": 43, "both": 85}[edges]
    bits = "".join(re.findall(r"^ +\d+ +[\d.]+ +[\d.]+  ([01]*) ", text, re.MULTILINE))
    assert bits == f"{0x01e200d7ba:040b}"


def test_explain_tells_what_was_lost_of_a_repaired_frame(tmp_path):
    path = tmp_path / "log.csv"
    run("synth", "--driver", "dht22", "-o", path)
    without_edges(path, 20)
    frames, [lines] = explain(path)
    assert frames[0]["verdict"] == "repaired"
    text = "\n".join(lines)
    assert "as it came it is too_few_edges: 1 lost, 0 from before" in text
    # the 20th edge is the response's fall and then 18 bits' and that of bit 19
    assert re.search(r" 00 +1 lost before; bit 20 begins", text)


def test_explain_tells_why_a_frame_is_refused(tmp_path):
    path = tmp_path / "log.csv"
    run("synth", "--driver", "dht22", "--bytes", "01e200d7bb", "-o", path)
    _, [lines] = explain(path)
    assert "  refused: the sum of the bytes differs" in lines
    run("synth", "--driver", "dht22", "--silent", "-o", path)
    _, [lines] = explain(path)
    assert "  refused: the sensor did not answer the start pulse" in lines
    run("synth", "--driver", "dht22", "-o", path)
    without_edges(path, *range(10, 40, 2))
    _, [lines] = explain(path)
    assert any(line.startswith("  refused: edges are missing") for line in lines)
    assert any("longer than a bit: an edge is missing" in line for line in lines)


@pytest.mark.parametrize("driver", ["dht11", "dht21", "dht22"])
@pytest.mark.parametrize("edges", ["falling", "both"])
def test_levels_of_edge_logs_are_what_others_read(driver, edges, tmp_path):
    """Where they were repaired, too. No PulseView here, but sigrok-cli reads as it does."""
    path, levels = tmp_path / "log.csv", tmp_path / "levels.vcd"
    run("synth", "--driver", driver, "--temperature", "23", "--humidity", "41", "--frames", "3",
        "--edges", edges, "--armed", "90", "--jitter", "1", "-o", path)
    if edges == "falling":
        # the second frame's twentieth; of each the response is not heard
        num_edges = 65 if driver == "dht21" else 41
        without_edges(path, num_edges + 20)
    done = run("decode", "--vcd", levels, path)
    read = [json.loads(line) for line in done.stdout.splitlines()]
    assert [frame["verdict"] for frame in read] == \
        ["clean", "repaired" if edges == "falling" else "clean", "clean"]
    drawn, _ = decode(levels)
    assert [(frame["verdict"], frame["temperature"], frame["humidity"]) for frame in drawn] == \
        [("clean", 23, 41)] * 3
    if shutil.which("sigrok-cli"):
        device = "dht11" if driver == "dht11" else "am230x"
        assert sigrok(levels, device) == ([23] * 3, [41] * 3, ["OK"] * 3)


def test_levels_of_refused_frames_are_drawn_too(tmp_path):
    path, levels = tmp_path / "log.csv", tmp_path / "levels.vcd"
    for edges, end in ("falling", 40), ("rising", 40), ("both", 74):
        run("synth", "--driver", "dht22", "--edges", edges, "-o", path)
        without_edges(path, *range(8, end, 3))
        assert run("decode", "--vcd", levels, path).returncode == 1
        drawn, _ = decode(levels)
        assert len(drawn) == 1 and drawn[0]["verdict"] not in ("clean", "repaired")


def test_levels_that_cannot_be_written_are_an_error(tmp_path):
    path = tmp_path / "log.csv"
    run("synth", "--driver", "dht22", "-o", path)
    done = run("decode", "--vcd", tmp_path / "none" / "x.vcd", path)
    assert done.returncode == 1 and "x.vcd: No such file" in done.stderr
    assert json.loads(done.stdout)["verdict"] == "clean"


def test_the_next_file_is_read_when_one_is_broken(tmp_path):
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    run("synth", "--driver", "dht22", "-o", good)
    bad.write_text("what is this\n", encoding="utf-8")
    done = run("decode", bad, tmp_path / "missing.csv", good)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    assert json.loads(done.stdout)["temperature"] == 21.5
    assert "bad.csv:1" in done.stderr and "missing.csv" in done.stderr


def test_the_sensor_is_asked_for_where_no_file_names_it(tmp_path):
    path = tmp_path / "frame.vcd"
    run("synth", "--driver", "dht22", "-o", path)
    text = path.read_text(encoding="utf-8").replace("driver=dht22", "by hand")
    path.write_text(text, encoding="utf-8")
    done = run("decode", path)
    assert done.returncode == 1 and "--driver" in done.stderr and not done.stdout
    assert run("decode", "--driver", "am2302", path).returncode == 0
    assert run("decode", "--driver", "dht22", "--strict", path).returncode == 0


@pytest.mark.parametrize("arguments", [
    ["decode"],
    ["decode", "--driver", "dht23", "x.csv"],
    ["decode", "--nonsense", "x.csv"],
    ["decode", "--vcd", "out.vcd", "x.csv", "y.csv"],
    ["synth"],
    ["synth", "--driver", "dht22"],
    ["synth", "--driver", "dht22", "-o", "frame.txt"],
    ["synth", "--driver", "dht22", "--temperature", "81", "-o", "x.csv"],
    ["synth", "--driver", "dht22", "--temperature", "1.2345", "-o", "x.csv"],
    ["synth", "--driver", "dht11", "--encoding", "twos-complement", "-o", "x.csv"],
    ["synth", "--driver", "dht22", "--bytes", "0102", "-o", "x.csv"],
    ["synth", "--driver", "dht22", "--bytes", "01020304zz", "-o", "x.csv"],
    ["synth", "--driver", "dht22", "--edges", "falling", "-o", "x.vcd"],
    ["synth", "--driver", "dht22", "--armed", "60", "-o", "x.vcd"],
    ["synth", "--driver", "dht22", "--frames", "0", "-o", "x.csv"],
    ["synth", "--driver", "dht", "-o", "x.csv"],
    ["drivers", "dht22"],
])
def test_a_wrong_command_line_ends_with_64_and_a_word(arguments, tmp_path):
    done = subprocess.run([BINARY, *arguments], capture_output=True, text=True, cwd=tmp_path,
                          timeout=60, check=False)
    assert done.returncode == 64
    assert "usage: pin2mqtt " in done.stderr
    assert done.stdout == ""
    assert not list(tmp_path.iterdir())


def test_help_goes_to_stdout():
    for command in "capture", "decode", "synth", "drivers":
        done = run(command, "--help")
        assert done.returncode == 0
        assert done.stdout.startswith(f"usage: pin2mqtt {command} ")
        assert done.stderr == ""


def test_drivers_lists_names_and_aliases():
    drivers = {driver["name"]: driver for driver in json.loads(run("drivers", "--json").stdout)}
    assert set(drivers) == {"dht", "dht11", "dht12", "dht21", "dht22", "si7021"}
    assert "am2302" in drivers["dht22"]["aliases"]
    assert drivers["dht21"]["bits"] == 64
    table = run("drivers").stdout
    for name in drivers:
        assert re.search(rf"^{name} ", table, re.MULTILINE)
