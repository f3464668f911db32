/* Write and read the packets of the imu_hinge profile, version 1 (frozen).
 *
 * Portable C99: no allocation, no libc but <stdint.h> and <string.h>, any byte order, any alignment. It does not
 * sample, keep time or send: the sketch in nrf52840_sense/ does. Layouts and rules: hinge_profile.md. The project's
 * tests compile this file with the system's compiler and hold it against the Python decoder in both directions.
 */
#ifndef IMU_HINGE_PACKET_H
#define IMU_HINGE_PACKET_H

#include <stdint.h>
#include <string.h>

#define IMUH_VERSION 1u
#define IMUH_CHANNELS 6u
#define IMUH_HEADER_BYTES 12u
#define IMUH_COMPACT_HEADER_BYTES 8u
#define IMUH_SAMPLE_BYTES 12u
#define IMUH_MAX_SAMPLES 19u
#define IMUH_MAX_PACKET_BYTES (IMUH_HEADER_BYTES + IMUH_MAX_SAMPLES * IMUH_SAMPLE_BYTES)
#define IMUH_COMPACT_BYTES (IMUH_COMPACT_HEADER_BYTES + IMUH_SAMPLE_BYTES)
#define IMUH_INFO_BYTES 20u
#define IMUH_CONFIG_BYTES 10u
#define IMUH_PING_BYTES 4u
#define IMUH_TIMESYNC_BYTES 20u
#define IMUH_STATUS_BYTES 16u

/* 128-bit UUIDs: 02ec000N-dedd-466f-a979-2a59fbdd437e */
#define IMUH_UUID_SERVICE "02ec0001-dedd-466f-a979-2a59fbdd437e"
#define IMUH_UUID_DATA "02ec0002-dedd-466f-a979-2a59fbdd437e"
#define IMUH_UUID_CONFIG "02ec0003-dedd-466f-a979-2a59fbdd437e"
#define IMUH_UUID_INFO "02ec0004-dedd-466f-a979-2a59fbdd437e"
#define IMUH_UUID_TIMESYNC "02ec0005-dedd-466f-a979-2a59fbdd437e"
#define IMUH_UUID_STATUS "02ec0006-dedd-466f-a979-2a59fbdd437e"

enum imuh_flag { IMUH_COMPACT = 1, IMUH_DROPPED = 2, IMUH_SATURATED = 4, IMUH_RESTARTED = 8 };
enum imuh_command { IMUH_STOP = 0, IMUH_START = 1, IMUH_APPLY = 2 };

typedef struct {
    uint8_t channels;   /* 6 */
    uint16_t model;     /* of the IMU, the maker's choice */
    float acc_m_s2;     /* per count, at the range in use */
    float gyr_rad_s;    /* per count, at the range in use */
    uint32_t boot_id;   /* random, new at every boot */
    uint16_t max_rate_hz;
    uint16_t fifo_depth;
} imuh_info;

typedef struct {
    uint8_t command; /* enum imuh_command */
    uint8_t flags;
    uint16_t rate_hz;
    uint8_t acc_range_g;
    uint16_t gyr_range_dps;
    uint8_t samples; /* per notification; 0: the board chooses */
} imuh_config;

typedef struct {
    uint32_t dropped;
    uint32_t overruns;
    uint16_t battery_mv;
    int16_t temperature_cdeg;  /* 0.01 degrees Celsius */
    uint16_t interval_units;   /* 1.25 ms */
    uint16_t mtu;
} imuh_status;

/* Collects samples into notifications. Zero it with imuh_begin before every start of the stream. */
typedef struct {
    uint16_t sequence;
    uint8_t flags;     /* to go into the next packet */
    uint8_t count;
    uint8_t capacity;  /* samples per notification; 0: compact form */
    uint32_t first_us; /* time of the first sample */
    uint32_t last_us;
    uint16_t spacing_us; /* of the packet before, for a packet of one sample */
    uint8_t bytes[IMUH_MAX_PACKET_BYTES];
} imuh_writer;

static inline void imuh_put16(uint8_t *at, uint16_t value) {
    at[0] = (uint8_t)(value & 0xFFu);
    at[1] = (uint8_t)(value >> 8);
}

static inline void imuh_put32(uint8_t *at, uint32_t value) {
    imuh_put16(at, (uint16_t)(value & 0xFFFFu));
    imuh_put16(at + 2, (uint16_t)(value >> 16));
}

static inline void imuh_put64(uint8_t *at, uint64_t value) {
    imuh_put32(at, (uint32_t)(value & 0xFFFFFFFFu));
    imuh_put32(at + 4, (uint32_t)(value >> 32));
}

static inline void imuh_putf(uint8_t *at, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    imuh_put32(at, bits);
}

static inline uint16_t imuh_get16(const uint8_t *at) {
    return (uint16_t)((uint16_t)at[0] | (uint16_t)((uint16_t)at[1] << 8));
}

static inline uint32_t imuh_get32(const uint8_t *at) {
    return (uint32_t)imuh_get16(at) | ((uint32_t)imuh_get16(at + 2) << 16);
}

/* Samples that fit one notification at this ATT MTU: 0 means the compact form, one sample without spacing. */
static inline uint8_t imuh_samples_for_mtu(uint16_t mtu) {
    uint16_t fit;
    if (mtu < 3u + IMUH_HEADER_BYTES + IMUH_SAMPLE_BYTES) {
        return 0;
    }
    fit = (uint16_t)((mtu - 3u - IMUH_HEADER_BYTES) / IMUH_SAMPLE_BYTES);
    return (uint8_t)(fit > IMUH_MAX_SAMPLES ? IMUH_MAX_SAMPLES : fit);
}

/* Begin a stream: sequence 0, and the restarted flag in the first packet. `samples` 0: compact form. */
static inline void imuh_begin(imuh_writer *w, uint8_t samples, uint16_t rate_hz) {
    memset(w, 0, sizeof *w);
    w->capacity = samples > IMUH_MAX_SAMPLES ? (uint8_t)IMUH_MAX_SAMPLES : samples;
    w->flags = IMUH_RESTARTED;
    w->spacing_us = rate_hz > 15u ? (uint16_t)(1000000u / rate_hz) : 0xFFFFu;
}

/* Say that samples were dropped before the next one: goes into the packet that carries it. Send what has been collected
 * (imuh_finish) before, so that the hole lies between two packets and not within one. */
static inline void imuh_dropped(imuh_writer *w) { w->flags |= IMUH_DROPPED; }

/* Add one sample, its six raw counts (ax ay az gx gy gz) and its own time. Returns 1 when the packet is full: send it
 * with imuh_finish before the next call. A sample that finds the packet full is not taken and returns -1. */
static inline int imuh_add(imuh_writer *w, const int16_t counts[6], uint32_t time_us) {
    const uint8_t capacity = w->capacity ? w->capacity : 1u;
    const uint32_t start = w->capacity ? IMUH_HEADER_BYTES : IMUH_COMPACT_HEADER_BYTES;
    uint8_t *at;
    unsigned i;
    if (w->count >= capacity) {
        return -1;
    }
    at = w->bytes + start + (uint32_t)w->count * IMUH_SAMPLE_BYTES;
    for (i = 0; i < 6u; i++) {
        imuh_put16(at + 2u * i, (uint16_t)counts[i]);
        if (counts[i] >= 32767 || counts[i] <= -32767) {
            w->flags |= IMUH_SATURATED;
        }
    }
    if (w->count == 0) {
        w->first_us = time_us;
    }
    w->last_us = time_us;
    w->count++;
    return w->count >= capacity;
}

/* Complete the packet in w->bytes and return its length, 0 if there is nothing to send. The spacing is the measured
 * mean over the packet, or over the one before if it holds one sample. Send a partial packet after 100 ms. Call it
 * once per packet: the sequence goes on even if the send fails, so that the host sees the loss. */
static inline uint16_t imuh_finish(imuh_writer *w) {
    const uint8_t n = w->count;
    if (n == 0) {
        return 0;
    }
    w->bytes[0] = IMUH_VERSION;
    w->bytes[1] = (uint8_t)(w->flags | (w->capacity ? 0u : (unsigned)IMUH_COMPACT));
    imuh_put16(w->bytes + 2, w->sequence);
    imuh_put32(w->bytes + 4, w->first_us);
    w->sequence++;
    w->flags = 0;
    w->count = 0;
    if (!w->capacity) {
        return IMUH_COMPACT_BYTES;
    }
    if (n > 1u) {
        const uint32_t spacing = (w->last_us - w->first_us + (n - 1u) / 2u) / (n - 1u);
        w->spacing_us = spacing > 0xFFFFu ? 0xFFFFu : (uint16_t)(spacing ? spacing : 1u);
    }
    imuh_put16(w->bytes + 8, w->spacing_us);
    w->bytes[10] = n;
    w->bytes[11] = 0;
    return (uint16_t)(IMUH_HEADER_BYTES + (uint16_t)n * IMUH_SAMPLE_BYTES);
}

static inline void imuh_write_info(uint8_t out[IMUH_INFO_BYTES], const imuh_info *info) {
    out[0] = IMUH_VERSION;
    out[1] = info->channels;
    imuh_put16(out + 2, info->model);
    imuh_putf(out + 4, info->acc_m_s2);
    imuh_putf(out + 8, info->gyr_rad_s);
    imuh_put32(out + 12, info->boot_id);
    imuh_put16(out + 16, info->max_rate_hz);
    imuh_put16(out + 18, info->fifo_depth);
}

static inline void imuh_write_config(uint8_t out[IMUH_CONFIG_BYTES], const imuh_config *config) {
    memset(out, 0, IMUH_CONFIG_BYTES);
    out[0] = config->command;
    out[1] = config->flags;
    imuh_put16(out + 2, config->rate_hz);
    out[4] = config->acc_range_g;
    imuh_put16(out + 6, config->gyr_range_dps);
    out[8] = config->samples;
}

/* Read what the host wrote. Returns 0 if length or command are wrong: answer with an ATT error, never clamp. Whether
 * rate and ranges are on offer is the board's to say. */
static inline int imuh_read_config(const uint8_t *in, uint16_t length, imuh_config *config) {
    if (length != IMUH_CONFIG_BYTES || in[0] > IMUH_APPLY) {
        return 0;
    }
    config->command = in[0];
    config->flags = in[1];
    config->rate_hz = imuh_get16(in + 2);
    config->acc_range_g = in[4];
    config->gyr_range_dps = imuh_get16(in + 6);
    config->samples = in[8];
    return 1;
}

/* Read a ping's nonce. Returns 0 if its length is wrong. */
static inline int imuh_read_ping(const uint8_t *in, uint16_t length, uint32_t *nonce) {
    if (length != IMUH_PING_BYTES) {
        return 0;
    }
    *nonce = imuh_get32(in);
    return 1;
}

static inline void imuh_write_timesync(uint8_t out[IMUH_TIMESYNC_BYTES], uint32_t nonce, uint64_t received_us,
                                       uint64_t sent_us) {
    imuh_put32(out, nonce);
    imuh_put64(out + 4, received_us);
    imuh_put64(out + 12, sent_us);
}

static inline void imuh_write_status(uint8_t out[IMUH_STATUS_BYTES], const imuh_status *status) {
    imuh_put32(out, status->dropped);
    imuh_put32(out + 4, status->overruns);
    imuh_put16(out + 8, status->battery_mv);
    imuh_put16(out + 10, (uint16_t)status->temperature_cdeg);
    imuh_put16(out + 12, status->interval_units);
    imuh_put16(out + 14, status->mtu);
}

#endif
