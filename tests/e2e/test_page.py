# SPDX-License-Identifier: MIT
"""The status page in a real Chromium: what it shows, to whom, and that it asks nobody else."""
import json
import re
import shutil
import subprocess
import time

import pytest

from conftest import PORCH, PROGRAM, TOP, WAIT_S, free_port, npm_modules, wait_until

selenium = pytest.importorskip("selenium", reason="SKIP python3-selenium is not installed")
from selenium import webdriver  # noqa: E402
from selenium.common.exceptions import StaleElementReferenceException  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

# One browser for all of them.
pytestmark = pytest.mark.xdist_group("page")

TOKEN = "0123456789abcdef"
DESKTOP, PHONE = (1280, 900), (390, 844)


class Page:
    """The page of one gateway in the browser."""

    def __init__(self, driver, site):
        self.driver = driver
        self.site = site
        self.expected = []  # of what the console says

    def open(self, size=DESKTOP, is_dark=False):
        self.resize(size)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}]})
        self.driver.get(f"http://{self.site.address}/")
        return self

    def resize(self, size):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": size[0], "height": size[1], "deviceScaleFactor": 1,
            "mobile": size == PHONE})

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def value(self, expression):
        return self.run(f"return {expression}")

    def wait(self, expression, what=None):
        """Until a JavaScript expression is true; returns its value."""
        return wait_until(lambda: self.value(expression), what or expression)

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.textContent", selector)

    def wait_for_text(self, selector, text):
        wait_until(lambda: text in (self.text(selector) or ""),
                   f"{text} in {selector}, not {self.text(selector)}")

    def press(self, selector, *keys):
        """Keys for what is there; another one may come in its place meanwhile."""
        def has_pressed():
            try:
                self.driver.find_element(By.CSS_SELECTOR, selector).send_keys(*keys)
                return True
            except StaleElementReferenceException:
                return False

        wait_until(has_pressed, f"keys for {selector}")

    def wait_for_chart(self, selector="#cards"):
        """Until a canvas below has pixels in the colour of its first curve."""
        self.wait(f"""(() => {{
            const canvas = document.querySelector('{selector} canvas');
            if (!canvas || canvas.width === 0) return false;
            const hex = getComputedStyle(document.documentElement).getPropertyValue('--q0').trim();
            const wanted = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
            const copy = new OffscreenCanvas(canvas.width, canvas.height)
                .getContext('2d', {{ willReadFrequently: true }});
            copy.drawImage(canvas, 0, 0);
            const {{ data }} = copy.getImageData(0, 0, canvas.width, canvas.height);
            let number = 0;
            for (let i = 0; i < data.length; i += 4)
                number += data[i + 3] > 200
                    && wanted.every((part, j) => Math.abs(part - data[i + j]) < 12);
            return number > 5;
        }})()""", f"a curve in {selector}")

    def violations(self):
        """What axe-core finds."""
        source = (npm_modules("tests/browser") / "axe-core/axe.min.js").read_text(encoding="utf-8")
        self.run(f"if (!window.axe) {{ {source} }}")
        found = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run().then((found) => done(found.violations), (error) => done(String(error)))")
        assert isinstance(found, list), found
        return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]

    def finish(self):
        """Nothing was wrong, and nobody else was asked."""
        said = [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] in ("SEVERE", "WARNING")]
        events = [json.loads(entry["message"])["message"]
                  for entry in self.driver.get_log("performance")]
        self.driver.get("about:blank")
        assert [words for words in said if not any(one in words for one in self.expected)] == []
        asked = {event["params"]["request"]["url"] for event in events
                 if event["method"] == "Network.requestWillBeSent"}
        ours = (f"http://{self.site.address}/", "about:blank", "data:")
        assert [url for url in asked if not url.startswith(ours)] == []


@pytest.fixture(name="chromium", scope="module")
def running_chromium():
    program = shutil.which("chromedriver")
    if not program or not shutil.which("chromium"):
        pytest.skip("SKIP chromium and chromium-driver are not installed")
    options = webdriver.ChromeOptions()
    # Root, and who has no name spaces of his own, cannot have its sandbox; it shows our page only.
    for argument in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-sandbox",
                     "--disable-background-networking", "--no-first-run", "--lang=en"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(service=Service(program, port=free_port()), options=options)
    driver.set_script_timeout(2 * WAIT_S)
    yield driver
    driver.quit()


@pytest.fixture(name="show")
def pages(chromium):
    """show(site): its page."""
    all_of_them = []

    def show(site, **options):
        all_of_them.append(Page(chromium, site))
        return all_of_them[-1].open(**options)

    yield show
    for page in all_of_them:
        page.finish()


@pytest.fixture(name="refused", scope="module")
def refused_answer(tmp_path_factory):
    """A recording whose checksum is wrong."""
    path = tmp_path_factory.mktemp("page") / "bad.csv"
    subprocess.run([PROGRAM, "synth", "--driver", "dht22", "--bytes", "01e200d7bb", "-o", path],
                   check=True, timeout=WAIT_S)
    return (f'  - {{id: attic, name: Attic, driver: dht22, pin: "replay:{path}", interval: 2s, '
            "retries: 0, decode: strict, stale_after: 6s}")


def test_values_change_live(listen, web, show):
    listener = listen()
    page = show(web())
    page.wait("document.querySelector('#sensor-porch[data-state=up] .number')")
    page.run("window.isFirst = true")
    seqs = {page.value("document.querySelector('#sensor-porch').dataset.seq")}

    def has_changed():
        """What is shown together is of one reading, and that is as it was published."""
        seq, numbers = page.value("""[
            document.querySelector('#sensor-porch').dataset.seq,
            [...document.querySelectorAll('#sensor-porch .number')].map((n) => n.textContent)]""")
        published = {str(one["seq"]): one for one in listener.readings()}
        if seq in published:
            assert [float(number) for number in numbers] == [
                published[seq]["temperature"], published[seq]["humidity"]]
            seqs.add(seq)
        return len(seqs) >= 4

    wait_until(has_changed, "four readings")
    assert " ago" in page.text("#sensor-porch .age") or "now" in page.text("#sensor-porch .age")
    assert page.text("#link .words") == "live" and page.value("window.isFirst")
    assert page.value("[...document.querySelectorAll('.unit')].map((u) => u.textContent)") == [
        "°C", "%"]
    page.wait_for_text("#broker-state", "connected")
    assert "All is well: 1 of 1 sensor is read." in page.text("#verdict")


def test_charts_draw_and_their_range_is_chosen_with_keys(web, show):
    page = show(web())
    page.wait_for_chart()
    page.wait_for_text("#sensor-porch .readout", "°C")
    page.press("[name=range]:checked", Keys.ARROW_LEFT)
    page.wait("document.querySelector('#sensor-porch .plot').getAttribute('aria-label')"
              ".startsWith('Chart of the last 6 hours: temperature')")
    page.wait_for_chart()
    page.press("#sensor-porch .plot", Keys.ARROW_LEFT)
    page.wait(r"/^\d\d:\d\d:\d\d.* · .*°C/.test("
              "document.querySelector('#sensor-porch .readout').textContent)")


def test_charts_begin_before_the_page(listen, web, show):
    listener = listen()
    site = web()
    listener.wait_for("/readings", 6)
    page = show(site)
    page.wait_for_chart()
    opened_s = page.value("performance.timeOrigin / 1000")

    def is_older():
        """The leftmost value was read seconds before anybody looked."""
        page.press("#sensor-porch .plot", Keys.HOME)
        told = re.match(r"(\d\d:\d\d:\d\d) · .*°C", page.text("#sensor-porch .readout"))
        if not told:
            return False
        at_s = time.mktime(time.strptime(f"{time.strftime('%F')} {told[1]}", "%Y-%m-%d %H:%M:%S"))
        return 2 < (opened_s - at_s) % 86400 < 3600

    wait_until(is_older, "an old value at the left")


def test_a_stale_sensor_is_shown_as_such(web, show, refused):
    site = web()
    page = show(site)
    page.wait("document.querySelector('#sensor-porch[data-state=up]')")
    # The same sensor, whose answers are all refused from now on.
    site.gateway.reload(sensors=refused.replace("attic", "porch").replace("Attic", "Porch"))
    page.wait("document.querySelector('#sensor-porch[data-state=stale]')")
    assert page.text("#sensor-porch .badge") == "stale"
    assert page.text("#sensor-porch .number")
    page.wait_for_text("#troubles", "Porch")
    page.wait_for_text("#sensor-porch .advice", "What to do: ")
    assert page.value("document.title").startswith("(1) ")


def test_a_pin_that_cannot_be_had_is_shown_as_such(web, show):
    page = show(web(PORCH.replace("sim/4", '"replay:/no/such"')))
    page.wait("document.querySelector('#sensor-porch[data-state=faulty]')")
    page.wait_for_text("#troubles", "its pin cannot be had")


def test_the_waveform_of_a_refused_answer(web, show, refused):
    page = show(web(refused))
    page.wait("document.querySelector('#sensor-attic')")
    page.press("#sensor-attic .more-button", Keys.ENTER)
    answer = ".answer[data-verdict=bad_checksum]"
    page.wait(f"document.querySelector('{answer} .wave-line')")
    # 84 changes of level; each 0 and 1 stands over its interval.
    assert page.value(f"document.querySelector('{answer} .wave-line').getAttribute('d')"
                      ".split('V').length") >= 80
    bits = page.value(f"[...document.querySelectorAll('{answer}:first-child .wave-bit')]"
                      ".map((bit) => bit.textContent).join('')")
    assert bits == "".join(f"{byte:08b}" for byte in bytes.fromhex("01e200d7bb"))
    assert "the sum of the bytes differs" in page.text(f"{answer} .title")
    page.press(f"{answer} summary", Keys.ENTER)
    assert "edges: 42, falling" in page.text(f"{answer} details[open] pre")
    page.press("#sensor-attic .more-button", Keys.ENTER)
    page.wait("!document.querySelector('.answer')")


def test_it_says_when_the_gateway_is_away_and_comes_back_by_itself(web, show):
    site = web()
    page = show(site)
    page.expected += ["net::ERR_"]
    page.wait("document.querySelector('#sensor-porch[data-state=up]')")
    page.run("window.isFirst = true")
    site.gateway.stop()
    page.wait("document.querySelector('#link[data-state=away]')")
    page.wait_for_text("#link", "the gateway does not answer since")
    before = page.value("document.querySelector('#sensor-porch').dataset.seq")
    site.gateway.start()
    page.wait("document.querySelector('#link[data-state=live]')")
    page.wait(f"document.querySelector('#sensor-porch').dataset.seq > '{before}'")
    assert page.value("window.isFirst")


def test_the_broker_that_goes_is_told(broker, web, show):
    page = show(web())
    page.wait_for_text("#broker-state", "connected")
    page.wait("document.querySelector('#broker-state[data-state=good]')")
    broker.stop()
    page.wait_for_text("#troubles", "No broker is connected")
    broker.start()
    page.wait("document.querySelector('#verdict[data-state=good]')")
    assert page.text("#troubles") == ""


def test_a_reload_brings_and_takes_sensors(web, show):
    site = web()
    page = show(site)
    # The chart of one that goes may just be asked for.
    page.expected += ["(Not Found)"]
    page.wait("document.querySelector('#sensor-porch')")
    others = "\n".join(f"  - {{id: {name}, driver: dht22, pin: sim/{pin}}}"
                       for pin, name in enumerate(("attic", "shed"), 5))
    ids = "[...document.querySelectorAll('.card')].map((card) => card.id).join()"
    site.gateway.reload(sensors=f"{others}\n{PORCH}")
    page.wait(f"{ids} === 'sensor-attic,sensor-shed,sensor-porch'")
    site.gateway.reload(sensors=others.splitlines()[1])
    page.wait(f"{ids} === 'sensor-shed'")


def test_a_token_is_asked_for_and_kept(web, show):
    page = show(web(more=f", token: {TOKEN}"))
    page.expected += ["401"]
    page.wait("!document.querySelector('#login').hidden")
    assert page.value("document.activeElement.id") == "token"
    assert page.violations() == []
    page.press("#token", "wrong", Keys.ENTER)
    page.wait_for_text("#wrong", "does not take this token")
    page.press("#token", TOKEN, Keys.ENTER)
    page.wait("document.querySelector('#sensor-porch[data-state=up]')")
    assert page.value("document.querySelector('#login').hidden")
    page.wait_for_chart()
    page.driver.refresh()
    page.wait("document.querySelector('#sensor-porch[data-state=up]')")
    page.press("#forget", Keys.ENTER)
    page.wait("document.querySelector('#login') && !document.querySelector('#login').hidden")
    assert TOKEN not in page.driver.current_url


@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing(web, show, refused, is_dark):
    page = show(web(f"{PORCH}\n{refused}"), is_dark=is_dark)
    page.wait_for_chart("#sensor-porch")
    page.press("#sensor-attic .more-button", Keys.ENTER)
    page.press("#sensor-porch .more-button", Keys.ENTER)
    page.wait("document.querySelectorAll('.answer .wave').length >= 2")
    page.run("for (const one of document.querySelectorAll('.answer details')) one.open = true")
    page.wait_for_text("#troubles", "Attic")
    ground = page.value("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, ground[4:-1].split(","))) < 60) == is_dark
    assert page.violations() == []


def test_on_a_phone_nothing_is_wider_than_it(web, show, refused):
    long = PORCH.replace("name: Porch", f"name: {'Verylongnameofasensor' * 4}")
    page = show(web(f"{long}\n{refused}"), size=PHONE)
    page.wait_for_chart("#sensor-porch")
    page.press("#sensor-attic .more-button", Keys.ENTER)
    page.wait("document.querySelector('.answer .wave')")
    page.run("for (const one of document.querySelectorAll('.answer details')) one.open = true")
    assert page.value("document.documentElement.scrollWidth") <= PHONE[0]
    lefts = page.value("[...document.querySelectorAll('.card')]"
                       ".map((card) => card.getBoundingClientRect().left)")
    assert len(lefts) == 2 and len(set(lefts)) == 1
    assert page.value("[...document.querySelectorAll('button, .card a, #ranges label')]"
                      ".filter((one) => one.offsetParent)"
                      ".every((one) => one.getBoundingClientRect().height >= 24)")


def test_64_sensors_are_shown_and_their_charts_drawn_when_seen(web, show):
    # 32 readings a second.
    page = show(web("\n".join(f"  - {{id: s{i}, driver: dht22, pin: sim/{i}, interval: 2s}}"
                              for i in range(64))))
    page.wait("document.querySelectorAll('.card[data-state=up]').length === 64")
    page.wait_for_chart("#sensor-s0")
    assert page.value("document.querySelectorAll('canvas').length") < 64
    page.run("document.querySelector('#sensor-s63').scrollIntoView()")
    page.wait_for_chart("#sensor-s63")
    page.run("""
        window.told = new Map();
        for (const card of document.querySelectorAll('.card'))
            new MutationObserver(() => told.set(card.id, (told.get(card.id) ?? 0) + 1))
                .observe(card, { attributes: true, attributeFilter: ['data-seq'] });""")
    page.wait("told.size === 64 && [...told.values()].every((number) => number >= 2)",
              "all of them go on")
    page.press("#filter", "s63")
    page.wait("[...document.querySelectorAll('.card')].filter((card) => !card.hidden).length === 1")


def test_uplot_is_byte_for_byte_what_npm_gives():
    theirs = npm_modules("src/metrics/page") / "uplot"
    ours = TOP / "src/metrics/page/uplot"
    for name, path in (("uPlot.iife.min.js", "dist/uPlot.iife.min.js"),
                       ("uPlot.min.css", "dist/uPlot.min.css"), ("LICENSE", "LICENSE")):
        assert (ours / name).read_bytes() == (theirs / path).read_bytes()
