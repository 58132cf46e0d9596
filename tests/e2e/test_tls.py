# SPDX-License-Identifier: MIT
"""Transports: TLS and websockets, what is refused and why, and what must not be seen of it."""
import re
import shutil
import socket
import subprocess
import time

import pytest

from conftest import PROMPT_S, WAIT_S, free_port

PASSWORD = "Tr0ub4dor-and-3"


class Authority:
    """Makes certificates with openssl(1)."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.file, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        self.call("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                  "-nodes", "-days", "2", "-subj", f"/CN={name}",
                  "-addext", "basicConstraints=critical,CA:true",
                  "-keyout", self.key, "-out", self.file)
        self.register = folder / f"{name}.conf"
        (folder / f"{name}.index").touch()
        self.register.write_text(
            f"[ca]\ndefault_ca=this\n[this]\ndatabase={folder / name}.index\n"
            f"new_certs_dir={folder}\ncertificate={self.file}\nprivate_key={self.key}\n"
            "default_md=sha256\nrand_serial=yes\npolicy=any\n[any]\ncommonName=supplied\n")

    @staticmethod
    def call(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    def issue(self, name, san="IP:127.0.0.1,DNS:localhost", days=2, password=None):
        """(certificate, key); days below 0: it has expired."""
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        file, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        self.call("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                  "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        extensions.write_text(f"subjectAltName={san}\n")
        # x509 takes dates from OpenSSL 3.4 on only, ca in all versions.
        end = time.gmtime(time.time() + days * 86400)
        self.call("ca", "-batch", "-notext", "-config", self.register, "-in", request,
                  "-startdate", "20200101000000Z",
                  "-enddate", time.strftime("%Y%m%d%H%M%SZ", end),
                  "-extfile", extensions, "-out", file)
        if password:
            self.call("pkcs8", "-topk8", "-in", key, "-out", f"{key}.enc",
                      "-passout", f"pass:{password}")
            key = key.with_name(key.name + ".enc")
        key.chmod(0o600)
        return file, key


@pytest.fixture(name="made", scope="module")
def certificates(tmp_path_factory):
    """Everything that the tests take out of it, made once."""
    if not shutil.which("openssl"):
        pytest.skip("SKIP openssl is not installed")
    folder = tmp_path_factory.mktemp("certificates")
    ours, other = Authority(folder, "ours"), Authority(folder, "other")
    return {
        "ca": ours.file,
        "other_ca": other.file,
        "good": ours.issue("good"),
        "named": ours.issue("named", san="DNS:broker.example"),
        "expired": ours.issue("expired", days=-1),
        "client": ours.issue("client"),
        "locked": ours.issue("locked", password=PASSWORD),
        "stranger": other.issue("stranger"),
    }


@pytest.fixture(name="serve")
def tls_listener(broker, made):
    """serve(certificate): the broker listens with that certificate, too. Returns its URL."""
    def serve(certificate="good", *lines, scheme="mqtts"):
        port = free_port()
        file, key = made[certificate]
        broker.stop()
        key.chmod(0o644)
        # Websockets bind to no address here.
        where = "" if scheme in ("ws", "wss") else " 127.0.0.1"
        secure = [f"certfile {file}", f"keyfile {key}"] if scheme in ("mqtts", "wss") else []
        spoken = ["protocol websockets"] if scheme in ("ws", "wss") else []
        broker.configure("allow_anonymous true", f"listener {port}{where}", *spoken, *secure,
                         *lines)
        broker.ports = [broker.port, port]
        broker.start()
        return f"{scheme}://127.0.0.1:{port}"
    return serve


def tls(**keys):
    return "  tls:\n" + "".join(f"    {key}: {value}\n" for key, value in keys.items())


def refused(gateway):
    """Why, of the first try; and nothing of a secret was said."""
    found = gateway.wait_for_word(r'no connection to the broker .*reason="(.*)"')
    gateway.wait_for_word("trying the broker again")
    assert gateway.is_alive()
    assert gateway.stop() < PROMPT_S
    assert gateway.status == 0
    assert PASSWORD not in gateway.said()
    assert "connected to the broker" not in gateway.said()
    return found[1]


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_readings_come_over_tls_in_both_versions(serve, made, listen, run, version):
    url = serve()
    gateway = run(servers=[url],
                  mqtt_lines=f"  version: {version}\n" + tls(ca_file=made["ca"]))
    listen().wait_for("/readings", 3)
    assert f"connected to the broker server={url} version={version}" in gateway.said()
    assert "warning" not in gateway.said()
    assert gateway.stop() < PROMPT_S


def test_the_host_name_is_checked_by_name_and_by_address(serve, made, listen, run):
    url = serve().replace("127.0.0.1", "localhost")
    run(servers=[url], mqtt_lines=tls(ca_file=made["ca"]))
    listen().wait_for("/readings")


def test_a_file_is_found_beside_the_configuration(serve, made, listen, run):
    url = serve()
    listener = listen()
    folder = run(servers=[url], mqtt_lines=tls(verify="false")).log.parent
    shutil.copy(made["ca"], folder.parent / "beside.pem")
    listener.forget()
    run(servers=[url], mqtt_lines=tls(ca_file="../beside.pem"))
    listener.wait_for("/readings")


@pytest.mark.parametrize("certificate, keys, words", [
    ("good", {"ca_file": "other_ca"}, "not from an authority in mqtt.tls.ca_file"),
    ("good", {}, "from an authority that is not known here"),
    ("named", {"ca_file": "ca"}, "for another host name"),
    ("expired", {"ca_file": "ca"}, "has expired"),
])
def test_a_server_that_does_not_prove_itself_is_refused(serve, made, run, listen, certificate,
                                                        keys, words):
    url = serve(certificate)
    listener = listen()
    gateway = run(servers=[url], mqtt_lines=f"  username: u\n  password: {PASSWORD}\n"
                  + tls(**{key: made[name] for key, name in keys.items()}))
    assert words in refused(gateway)
    assert not listener.seen()


@pytest.mark.parametrize("certificate", ["good", "named", "expired"])
def test_without_verification_it_delivers_and_warns(serve, listen, run, certificate):
    url = serve(certificate)
    gateway = run(servers=[url], mqtt_lines=tls(verify="false"))
    listen().wait_for("/readings")
    assert re.search(r"warning: .*: mqtt.tls.verify: false: .*read and change", gateway.said())


@pytest.mark.parametrize("newest", ["tlsv1.2", "tlsv1.3"])
@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_client_certificate_is_shown_where_it_is_wanted(serve, made, listen, run, newest,
                                                          version):
    url = serve("good", f"cafile {made['ca']}", "require_certificate true",
                f"tls_version {newest}")
    run(servers=[url], mqtt_lines=f"  version: {version}\n" + tls(
        ca_file=made["ca"], certificate_file=made["client"][0], key_file=made["client"][1]))
    listen().wait_for("/readings")


@pytest.mark.parametrize("newest", ["tlsv1.2", "tlsv1.3"])
def test_a_missing_client_certificate_is_told(serve, made, run, newest):
    url = serve("good", f"cafile {made['ca']}", "require_certificate true",
                f"tls_version {newest}")
    gateway = run(servers=[url], mqtt_lines=tls(ca_file=made["ca"]))
    assert "wants a certificate" in refused(gateway)


def test_a_client_certificate_of_a_stranger_is_told(serve, made, run):
    url = serve("good", f"cafile {made['ca']}", "require_certificate true")
    gateway = run(servers=[url], mqtt_lines=tls(
        ca_file=made["ca"], certificate_file=made["stranger"][0],
        key_file=made["stranger"][1]))
    assert "mqtt.tls.certificate_file" in refused(gateway)


def test_an_encrypted_key_is_opened_with_its_password(serve, made, listen, run, tmp_path):
    url = serve("good", f"cafile {made['ca']}", "require_certificate true")
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    secret.chmod(0o600)
    gateway = run(servers=[url], mqtt_lines=tls(
        ca_file=made["ca"], certificate_file=made["locked"][0], key_file=made["locked"][1],
        key_password_file=secret))
    listen().wait_for("/readings")
    assert PASSWORD not in gateway.said()


def test_a_wrong_password_of_a_key_is_told_and_not_shown(serve, made, run):
    url = serve("good", f"cafile {made['ca']}", "require_certificate true")
    gateway = run(servers=[url], mqtt_lines=tls(
        ca_file=made["ca"], certificate_file=made["locked"][0], key_file=made["locked"][1],
        key_password=PASSWORD + "x"))
    assert "is its password right?" in refused(gateway)


def test_a_key_of_another_certificate_is_told(serve, made, run):
    gateway = run(servers=[serve()], mqtt_lines=tls(
        ca_file=made["ca"], certificate_file=made["client"][0], key_file=made["good"][1]))
    assert "is not the key of the certificate" in refused(gateway)


def test_tls_on_a_plain_port_and_plain_on_a_tls_port_are_told(serve, broker, made, run):
    url = serve()
    gateway = run(servers=[broker.url.replace("mqtt:", "mqtts:")],
                  mqtt_lines=tls(ca_file=made["ca"]))
    assert "does not speak TLS on this port" in refused(gateway)
    gateway = run(servers=[url.replace("mqtts:", "mqtt:")])
    assert "it takes mqtts:// instead of mqtt://" in refused(gateway)


@pytest.mark.parametrize("scheme", ["mqtts", "wss"])
def test_a_server_that_says_nothing_holds_nothing_up(run, scheme):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        gateway = run(servers=[f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"])
        gateway.wait_for_word("starts gateway=g")
        time.sleep(1)
        assert gateway.stop() < PROMPT_S
        assert gateway.status == 0


def test_a_key_that_no_one_can_open_ends_the_start(serve, made, run):
    gateway = run(servers=[serve()], mqtt_lines=tls(
        certificate_file=made["locked"][0], key_file=made["locked"][1]))
    assert gateway.process.wait(WAIT_S) == 78
    assert re.search(r"pin2mqtt.yaml:7:15: mqtt.tls.key_file: .* needs its password",
                     gateway.said())


def test_after_a_dead_server_the_next_one_is_taken(serve, made, listen, run):
    url = serve()
    dead = f"mqtts://127.0.0.1:{free_port()}"
    gateway = run(servers=[dead, url], mqtt_lines=tls(ca_file=made["ca"]))
    listen().wait_for("/readings")
    assert f'server={dead} reason="connection refused"' in gateway.said()
    assert f"connected to the broker server={url}" in gateway.said()


def test_it_comes_back_over_tls_and_loses_nothing(serve, broker, made, listen, run):
    gateway = run(servers=[serve()], mqtt_lines=tls(ca_file=made["ca"]))
    listener = listen()
    for _ in range(3):
        listener.wait_for("/readings", len(listener.seen("/readings")) + 2)
        broker.stop()
        gateway.wait_for_word("connection to the broker lost")
        broker.start()
    listener.wait_for("/readings", len(listener.seen("/readings")) + 3)
    numbers = sorted({reading["seq"] for reading in listener.readings()})
    assert numbers == list(range(numbers[0], numbers[-1] + 1))


@pytest.mark.parametrize("version", ["5", "3.1.1"])
@pytest.mark.parametrize("scheme", ["ws", "wss"])
@pytest.mark.parametrize("path", ["", "/mqtt"])
def test_readings_come_over_websockets(serve, made, listen, run, scheme, version, path):
    url = serve(scheme=scheme) + path
    gateway = run(servers=[url], mqtt_lines=f"  version: {version}\n"
                  + (tls(ca_file=made["ca"]) if scheme == "wss" else ""))
    listen().wait_for("/readings", 3)
    assert f"connected to the broker server={url} version={version}" in gateway.said()
    assert gateway.stop() < PROMPT_S


def test_a_server_that_does_not_prove_itself_is_refused_over_websockets(serve, made, run):
    gateway = run(servers=[serve("named", scheme="wss")], mqtt_lines=tls(ca_file=made["ca"]))
    assert "for another host name" in refused(gateway)


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_it_comes_back_over_websockets(serve, broker, made, listen, run, scheme):
    gateway = run(servers=[serve(scheme=scheme)],
                  mqtt_lines=tls(ca_file=made["ca"]) if scheme == "wss" else "")
    listener = listen()
    for _ in range(3):
        listener.wait_for("/readings", len(listener.seen("/readings")) + 2)
        broker.stop()
        gateway.wait_for_word("connection to the broker lost")
        broker.start()
    listener.wait_for("/readings", len(listener.seen("/readings")) + 3)


@pytest.mark.slow
def test_websockets_where_there_are_none_are_told(broker, run):
    gateway = run(servers=[broker.url.replace("mqtt:", "ws:")])
    assert "are there websockets" in refused(gateway)
