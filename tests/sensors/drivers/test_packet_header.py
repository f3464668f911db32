"""Compile firmware_notes/imu_hinge_packet.h with the system's compiler and hold it against the Python packets."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from imu_hinge.conventions import Flag
from imu_hinge.sensors.drivers import hinge_packets as hp
from imu_hinge.sensors.drivers import hinge_profile
from imu_hinge.sensors.protocol import StreamSettings

HEADER = Path(__file__).resolve().parents[3] / "firmware_notes" / "imu_hinge_packet.h"
COMPILER = shutil.which("cc")
pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler (cc) on this machine")

PROGRAM = r"""
#include <stdio.h>
#include "imu_hinge_packet.h"

static void show(const char *name, const uint8_t *bytes, unsigned n) {
    unsigned i;
    printf("%s ", name);
    for (i = 0; i < n; i++) printf("%02x", bytes[i]);
    printf("\n");
}

static void stream(const char *name, uint8_t samples, uint16_t rate, uint32_t start, uint32_t period, int n) {
    imuh_writer w;
    int i;
    imuh_begin(&w, samples, rate);
    for (i = 0; i < n; i++) {
        int16_t c[6] = {(int16_t)i, (int16_t)-i, 4096, (int16_t)(10 * i), -20, (int16_t)(i == 7 ? 32767 : 30)};
        if (i == 12) {
            show(name, w.bytes, imuh_finish(&w));
            imuh_dropped(&w);
        }
        if (imuh_add(&w, c, start + (uint32_t)i * period)) show(name, w.bytes, imuh_finish(&w));
    }
    if (w.count) show(name, w.bytes, imuh_finish(&w));
    if (imuh_finish(&w)) show("error", w.bytes, 1);
}

int main(int argc, char **argv) {
    uint8_t out[IMUH_INFO_BYTES], in[32];
    imuh_info info = {IMUH_CHANNELS, 0x6A69, 0.004788f, 0.0012217f, 0xDEADBEEFu, 416, 512};
    imuh_status status = {3, 70000, 3910, -512, 12, 247};
    imuh_config config;
    uint32_t nonce;
    unsigned i, n = 0, mtu;
    stream("full", 10, 200, 0xFFFFFFFFu - 60000u, 5003, 25);
    stream("compact", 0, 100, 1000, 10000, 3);
    imuh_write_info(out, &info);
    show("info", out, IMUH_INFO_BYTES);
    imuh_write_status(out, &status);
    show("status", out, IMUH_STATUS_BYTES);
    for (mtu = 20; mtu <= 517; mtu++) printf("mtu %u %u\n", mtu, (unsigned)imuh_samples_for_mtu((uint16_t)mtu));
    for (i = 0; argc > 1 && argv[1][2 * i] && i < sizeof in; i++, n++) {
        unsigned byte;
        sscanf(argv[1] + 2 * i, "%2x", &byte);
        in[i] = (uint8_t)byte;
    }
    if (imuh_read_config(in, (uint16_t)n, &config)) {
        printf("config %u %u %u %u %u %u\n", config.command, config.flags, config.rate_hz, config.acc_range_g,
               config.gyr_range_dps, config.samples);
        imuh_write_config(out, &config);
        show("rewritten", out, IMUH_CONFIG_BYTES);
    } else if (imuh_read_ping(in, (uint16_t)n, &nonce)) {
        imuh_write_timesync(out, nonce, 1234567890ull, 0x1122334455667788ull);
        show("timesync", out, IMUH_TIMESYNC_BYTES);
    } else {
        printf("refused\n");
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("c")
    source, program = folder / "program.c", folder / "program"
    source.write_text(PROGRAM)
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-pedantic", f"-I{HEADER.parent}"]
    subprocess.run([COMPILER, *flags, str(source), "-o", str(program)], check=True, capture_output=True)

    def run_with(argument: bytes = b"") -> dict[str, list[str]]:
        shown = subprocess.run([str(program), argument.hex()], check=True, capture_output=True, text=True).stdout
        lines: dict[str, list[str]] = {}
        for line in shown.splitlines():
            name, _, rest = line.partition(" ")
            lines.setdefault(name, []).append(rest)
        return lines

    return run_with


def test_what_c_writes_is_decoded_without_a_loss(run):
    details = {"acc_m_s2": 1.0, "gyr_rad_s": 1.0}
    decoder = hinge_profile.DRIVER.decoder(StreamSettings("hinge", 200.0, 16.0, 2000.0, details=details))
    lines = run()
    blocks = [block for line in lines["full"] for block in decoder.feed(hp.DATA, bytes.fromhex(line))]
    assert [len(block) for block in blocks] == [10, 2, 10, 3]
    acc, gyr = np.concatenate([b.acc for b in blocks]), np.concatenate([b.gyr for b in blocks])
    i = np.arange(25)
    np.testing.assert_array_equal(acc, np.column_stack((i, -i, np.full(25, 4096))))
    np.testing.assert_array_equal(gyr, np.column_stack((10 * i, np.full(25, -20), np.where(i == 7, 32767, 30))))
    times = np.concatenate([b.device_ns for b in blocks])
    np.testing.assert_array_equal(np.diff(times), 5_003_000)  # over the wrap of the 32-bit clock
    assert [block.lost for block in blocks] == [0, 0, 0, 0]
    flags = np.concatenate([b.flags for b in blocks])
    assert flags.nonzero()[0].tolist() == [7, 12]
    assert (flags[7], flags[12]) == (Flag.CLIPPED, Flag.GAP)
    first = hp.parse_data(bytes.fromhex(lines["full"][0]))
    assert first.flags == hp.PacketFlag.RESTARTED | hp.PacketFlag.SATURATED
    assert "error" not in lines


def test_compact_packets_fit_the_smallest_mtu(run):
    packets = [hp.parse_data(bytes.fromhex(line)) for line in run()["compact"]]
    assert [len(bytes.fromhex(line)) for line in run()["compact"]] == [20, 20, 20]
    assert [(p.sequence, p.t0_us) for p in packets] == [(0, 1000), (1, 11000), (2, 21000)]


def test_info_and_status(run):
    lines = run()
    info = hp.parse_info(bytes.fromhex(lines["info"][0]))
    assert info[:3] == (1, 6, 0x6A69)
    assert info[5:] == (0xDEADBEEF, 416, 512)
    np.testing.assert_allclose(info[3:5], (0.004788, 0.0012217), rtol=1e-6)
    status = hp.parse_status(bytes.fromhex(lines["status"][0]))
    assert status == (3, 70000, 3910, -512, 12, 247)


def test_samples_per_notification_fill_the_mtu(run):
    for line in run()["mtu"]:
        mtu, samples = map(int, line.split())
        fit = (mtu - 3 - hp.HEADER) // hp.SAMPLE
        assert samples == min(max(fit, 0), hp.MAX_SAMPLES)


def test_what_python_writes_is_read_in_c(run):
    config = hp.Config(hp.START, 0, 200, 16, 2000, 10)
    lines = run(hp.pack_config(config))
    assert tuple(map(int, lines["config"][0].split())) == config
    assert hp.parse_config(bytes.fromhex(lines["rewritten"][0])) == config
    answer = hp.parse_timesync(bytes.fromhex(run(hp.ping(0xA1B2C3D4))["timesync"][0]))
    assert answer == (0xA1B2C3D4, 1234567890, 0x1122334455667788)
    assert "refused" in run(hp.pack_config(config)[:-1])
    assert "refused" in run(hp.pack_config(config._replace(command=3)))


def test_the_uuids_are_the_same_on_both_sides():
    text = HEADER.read_text()
    for name in ("SERVICE", "DATA", "CONFIG", "INFO", "TIMESYNC", "STATUS"):
        assert f'#define IMUH_UUID_{name} "{getattr(hp, name)}"' in text


def test_the_sketch_spells_the_service_in_the_byte_order_of_the_radio():
    sketch = (HEADER.parent / "nrf52840_sense" / "nrf52840_sense.ino").read_text()
    (spelled,) = [line for line in sketch.splitlines() if line.startswith("#define IMUH_UUID(n)")]
    values = spelled[spelled.index("{") + 1 : spelled.index("}")].replace("(n)", "0x01").split(",")
    assert bytes(int(value, 16) for value in values)[::-1].hex() == hp.SERVICE.replace("-", "")
