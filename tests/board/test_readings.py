# SPDX-License-Identifier: MIT
"""Each reading that arrives is what the sensor sent: real kernel, libgpiod and broker."""
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

import board

NUM_READINGS = 500
LINES_EACH = 5
MODELS = ("dht22", "dht11", "am2301")


def sensors_for(drivers, interval="2s", **keys):
    """A sensor a line; drivers: its driver, in the lines' order."""
    return [{"id": f"s{line}", "driver": driver, "pin": f"GPIO{line}", "interval": interval,
             **keys} for line, driver in enumerate(drivers)]


def lines_of(drivers):
    """What board.account() wants of sensors_for()."""
    return {f"s{line}": (line, driver) for line, driver in enumerate(drivers)}


def conf_rows(drivers, *keys):
    return [" ".join([str(line), f"model={board.module_model(driver)}", *keys])
            for line, driver in enumerate(drivers)]


def read_all(generation, drivers, num_each, *keys, interval="2s", interval_s=2, **options):
    """Lets each sensor send num_each frames; returns the accounts and the run."""
    total = num_each * len(drivers)
    limit_s = int(num_each * interval_s * 1.5) + 60
    run = board.run_gateway(
        generation, sensors_for(drivers, interval),
        f"gateway_start; wait_frames {total} {limit_s}; status=$?; gateway_stop; exit $status",
        module=f"lines={len(drivers)}",
        conf=conf_rows(drivers, f"lock_after={num_each}", *keys), **options)
    return board.account(run, lines_of(drivers)), run


def check_all_right(accounts, num_each):
    assert {sensor: len(a.wrong) for sensor, a in accounts.items() if a.wrong} == {}
    assert {sensor: len(a.lost) for sensor, a in accounts.items() if a.lost} == {}
    assert {len(a.right) for a in accounts.values()} == {num_each}


@pytest.mark.slow
@pytest.mark.parametrize("shift", [0, 1])
def test_500_of_500_readings_are_right_at_the_first_try(generation, shift):
    drivers = [model for model in MODELS for _ in range(LINES_EACH)]
    num_each = NUM_READINGS // LINES_EACH
    # A sensor that is asked again before its rest is over keeps silent.
    accounts, run = read_all(generation, drivers, num_each, "rest_ms=990", shift=shift)
    check_all_right(accounts, num_each)
    for model in MODELS:
        right = [len(accounts[s].right) for s, (_, d) in lines_of(drivers).items() if d == model]
        assert sum(right) == NUM_READINGS
    for line in range(len(drivers)):
        # Not one start pulse in vain until the sensor has sent all it has.
        kinds = "".join(s.what for s in run.starts if s.line == line)
        assert kinds.rstrip("S") == "A" * num_each, f"line {line}"
    assert run.files["gateway.status"].strip() == "0"


@pytest.mark.slow
def test_every_driver_reads_its_sensor(generation):
    drivers = ["dht11", "dht12", "dht21", "dht22", "si7021", "dht22", "dht11"]
    rows = conf_rows(drivers, "lock_after=8")
    rows += ["5 twos=1 seq=028cffff,028cff3f,028c8000,028cff9c", "6 dec=1"]
    run = board.run_gateway(
        generation, sensors_for(drivers),
        "gateway_start; wait_frames 56 60; status=$?; gateway_stop; exit $status",
        module="lines=7", conf=rows)
    # -0.0 stands on the wire of line 5; it is the same number.
    check_all_right(board.account(run, lines_of(drivers)), 8)


@pytest.mark.slow
def test_a_bad_wire_is_refused_and_never_wrong(generation):
    """Glitches, jitter, a slow clock and silence, each beside a good sensor."""
    drivers = ["dht22"] * 8
    rows = conf_rows(drivers[:1]) + [
        "1 silent=1",
        "2 glitch_ppm=30000",
        "3 jitter_ns=3000",
        "4 jitter_ns=25000",
        "5 glitch_ppm=5000 jitter_ns=15000",
        "6 scale=93",
        "7 skip=2",
    ]
    run = board.run_gateway(generation, sensors_for(drivers),
                            "gateway_start; sleep 200; gateway_stop", module="lines=8", conf=rows)
    accounts = board.account(run, lines_of(drivers))
    assert {sensor: a.wrong for sensor, a in accounts.items() if a.wrong} == {}
    assert accounts["s1"].right == []
    for sensor in ("s0", "s3", "s6", "s7"):
        assert accounts[sensor].lost == [], sensor
        assert len(accounts[sensor].right) >= 45, sensor
    # The bad lines do speak, or nothing was tried.
    assert any(accounts[sensor].lost for sensor in ("s2", "s4", "s5"))


@pytest.mark.slow
def test_both_edges_read_as_well(generation):
    sensors = sensors_for(["dht22", "dht11", "am2301"], edges="both")
    drivers = ["dht22", "dht11", "am2301"]
    run = board.run_gateway(
        generation, sensors,
        "gateway_start; wait_frames 60 90; status=$?; gateway_stop; exit $status",
        module="lines=3", conf=conf_rows(drivers, "lock_after=20"))
    check_all_right(board.account(run, lines_of(drivers)), 20)


@pytest.mark.slow
def test_a_busy_machine_loses_few_answers(generation):
    """One in five came too late for the kernel before moments to listen were chosen."""
    accounts, _ = read_all(generation, ["dht22"], 100, interval="3s", interval_s=3, shift=1,
                           load="busy", window="95 -e 65 -p 3000 -r 3000")
    assert not accounts["s0"].wrong
    assert len(accounts["s0"].right) >= 88


@pytest.mark.slow
def test_with_a_trigger_line_a_busy_machine_loses_no_answer(generation):
    """The listening line never switches: there is no thread of the kernel's to wait for."""
    sensors = sensors_for(["dht22"], "10s", trigger_pin="GPIO1")
    run = board.run_gateway(
        generation, sensors,
        "gateway_start; wait_frames 30 400; status=$?; gateway_stop; exit $status",
        module="lines=2 triggers=1", conf=["0 lock_after=30"], shift=1, load="busy",
        window="45 -e 15 -p 10000 -r 2000")
    check_all_right(board.account(run, lines_of(["dht22"])), 30)
    assert all(start.line == 0 for start in run.starts)


@pytest.mark.slow
def test_a_trigger_line_that_is_not_there_is_said(generation):
    run = board.run_gateway(
        generation, sensors_for(["dht22"], trigger_pin="GPIO77"),
        "gateway_start; sleep 4; gateway_stop", module="lines=2 triggers=1")
    assert "GPIO77" in run.files["gateway.log"]
    assert run.starts == []


def health_of(run):
    """The sensors' part of the newest health message."""
    rows = [row for row in run.files["mqtt.log"].splitlines()
            if row.startswith("pin2mqtt/board/health ")]
    return json.loads(rows[-1].partition(" ")[2])["sensors"]


@pytest.mark.slow
def test_power_is_cut_when_all_sensors_on_the_pin_are_hung(generation):
    """Line 3 feeds both; one hangs after 5 answers, the other after 10, until power is cut."""
    drivers = ["dht22", "dht11"]
    run = board.run_gateway(
        generation, sensors_for(drivers, "4s", power_pin="GPIO3"),
        "gateway_start; sleep 200; gateway_stop", module="lines=4 power_line=3",
        conf=conf_rows(drivers[:1], "lock_after=5") + ["1 model=dht11 lock_after=10"])
    accounts = board.account(run, lines_of(drivers))
    assert accounts["s0"].wrong == accounts["s1"].wrong == []
    answered = [[s.release_ns for s in run.starts if s.line == line and s.what == "A"]
                for line in (0, 1)]
    # Nothing is cut while one of them still answers, though the other is silent for long.
    assert answered[0][5] > answered[1][9] + 3 * 10**9
    assert len(answered[0]) >= 10 and len(answered[1]) >= 20
    # The first answer after power came is no reading.
    for line in (0, 1):
        read = {id(start) for start, _ in accounts[f"s{line}"].right}
        sent = [s for s in run.starts if s.line == line and s.what == "A"]
        each = 5 if line == 0 else 10
        assert [id(s) in read for s in sent] == [n % each != 0 for n in range(len(sent))]
    health = health_of(run)
    for sensor in ("s0", "s1"):
        assert health[sensor]["power_cycles"] >= 1
        assert health[sensor]["discarded"] >= 2
        assert health[sensor]["refused"]["stale"] == health[sensor]["discarded"]
        assert health[sensor]["long_pulses"] >= 1
    assert "power_pin=GPIO3" in run.files["gateway.log"]


@pytest.mark.slow
def test_a_silent_sensor_is_left_alone_and_found_again(generation):
    run = board.run_gateway(
        generation, sensors_for(["dht22", "dht22"], "4s"),
        "gateway_start; sleep 100; echo '0 silent=0' >$D/conf; sleep 60; gateway_stop",
        module="lines=2", conf=["0 silent=1"])
    silent = [s for s in run.starts if s.line == 0 and s.what == "S"]
    # 8 attempts, then one each 8, 16, 32, 32 ... s; by both start pulses.
    assert 8 < len(silent) <= 12
    assert {s.low_us > 10000 for s in silent} == {False, True}
    accounts = board.account(run, lines_of(["dht22", "dht22"]))
    assert len(accounts["s0"].right) >= 5
    assert accounts["s1"].lost == [] and len(accounts["s1"].right) >= 38


@pytest.mark.slow
def test_a_sensor_that_hears_only_a_long_start_pulse_is_read(generation):
    run = board.run_gateway(
        generation, sensors_for(["dht22"], "4s"), "gateway_start; sleep 60; gateway_stop",
        module="lines=1", conf=["0 start_min=5000"])
    account = board.account(run, lines_of(["dht22"]))["s0"]
    assert account.lost == account.wrong == []
    assert len(account.right) >= 14
    assert sum(s.what == "s" for s in run.starts) == 1


@pytest.mark.slow
def test_merged_edges_are_counted_beside_a_quiet_line():
    """On a slow board both edges come faster than the kernel's thread."""
    sensors = sensors_for(["dht22"] * 3, "10s", edges="both")
    sensors[0]["quiet_pin"] = "GPIO3"
    sensors[1].update(quiet_pin="GPIO4", edges="falling")
    run = board.run_gateway(
        2, sensors, "gateway_start; sleep 75; gateway_stop", module="lines=5", shift=3)
    merged = {sensor: counts["edges_merged"] for sensor, counts in health_of(run).items()}
    raised = [sum(s.irqs for s in run.starts if s.line == line) for line in range(3)]
    # Of falling edges few are merged, while the thread is still starting.
    assert raised[0] / 50 < merged["s0"] < raised[0] / 2
    assert merged["s1"] < merged["s0"]
    # Without a quiet line nothing can be told.
    assert merged["s2"] == 0 and raised[2] > 0


@pytest.mark.slow
def test_of_a_double_read_the_second_answer_counts(generation):
    run = board.run_gateway(
        generation, sensors_for(["dht22"], "10s", double_read=True),
        "gateway_start; sleep 95; gateway_stop", module="lines=1", conf=["0 rest_ms=1990"])
    account = board.account(run, lines_of(["dht22"]))["s0"]
    answered = [s for s in run.starts if s.what == "A"]
    read = {id(start) for start, _ in account.right}
    assert account.wrong == [] and len(account.right) == 10
    assert [id(start) in read for start in answered] == [False, True] * 10
    assert all(s.what == "A" for s in run.starts)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_run():
    def once(_):
        return board.boot("sleep 1; cat $D/stat", seed=7).text

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(once, range(2))
    assert first == second


@pytest.mark.soak
def test_64_sensors_lose_nothing_in_ten_minutes(generation):
    drivers = ["dht22"] * 64
    accounts, _ = read_all(generation, drivers, 300, limit_s=3600)
    check_all_right(accounts, 300)


@pytest.mark.soak
def test_a_day_of_eight_sensors_loses_drifts_and_leaks_nothing(generation):
    drivers = ["dht22"] * 8
    num_each = 24 * 60 * 2
    # 24 times an hour, then to the end of what the sensors have to send.
    command = ("gateway_start; sleep 600; sample_memory; "
               "for hour in $(seq 23); do sleep 3600; sample_memory; done; "
               f"wait_frames {8 * num_each} 7200; status=$?; sample_memory; gateway_stop; "
               "exit $status")
    run = board.run_gateway(generation, sensors_for(drivers, "30s"), command,
                            module="lines=8", conf=conf_rows(drivers, f"lock_after={num_each}"),
                            limit_s=7200)
    check_all_right(board.account(run, lines_of(drivers)), num_each)
    for line in range(8):
        releases = [s.release_ns for s in run.starts if s.line == line and s.what == "A"]
        span_ns = releases[-1] - releases[0]
        assert abs(span_ns - (num_each - 1) * 30 * 10**9) < 50_000_000, f"line {line} drifts"
    memory = [list(map(int, row.split())) for row in run.files["memory"].splitlines()]
    _, first_rss, first_data, first_threads, first_files = memory[0]
    _, last_rss, last_data, last_threads, last_files = memory[-1]
    assert last_rss - first_rss <= 64, "resident memory in kB grows"
    assert last_data - first_data <= 64, "data segments in kB grow"
    assert (last_threads, last_files) == (first_threads, first_files)
