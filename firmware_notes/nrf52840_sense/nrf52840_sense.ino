/* imu_hinge profile v1 on a Seeed XIAO nRF52840 Sense (LSM6DS3TR-C), for the Adafruit/Seeed nRF52 Arduino core.
 *
 * NOBODY HAS COMPILED OR RUN THIS SKETCH YET. It shows where the rules of hinge_profile.md go; the packets themselves come
 * from imu_hinge_packet.h, which is tested. Copy that header beside this file. It does no power saving.
 */
#include <Wire.h>
#include <bluefruit.h>

#include "imu_hinge_packet.h"

static const uint8_t IMU = 0x6A;
static const uint8_t CTRL1_XL = 0x10, CTRL2_G = 0x11, CTRL3_C = 0x12, INT1_CTRL = 0x0D, OUT_TEMP = 0x20, OUTX_L_G = 0x22;

struct Rate { uint16_t hz; uint8_t bits; };
struct AccRange { uint8_t g; uint8_t bits; float m_s2; };
struct GyrRange { uint16_t dps; uint8_t bits; float rad_s; };
static const Rate RATES[] = {{52, 0x30}, {104, 0x40}, {208, 0x50}};
static const AccRange ACC[] = {{8, 0x0C, 0.000244f * 9.80665f}, {16, 0x04, 0.000488f * 9.80665f}};
static const GyrRange GYR[] = {{1000, 0x08, 0.035f * 0.01745329f}, {2000, 0x0C, 0.070f * 0.01745329f}};

/* UUIDs in the byte order of the radio: the 13th byte (index 12) is the number N. */
#define IMUH_UUID(n) {0x7e, 0x43, 0xdd, 0xfb, 0x59, 0x2a, 0x79, 0xa9, 0x6f, 0x46, 0xdd, 0xde, (n), 0x00, 0xec, 0x02}
static const uint8_t uuidService[] = IMUH_UUID(1), uuidData[] = IMUH_UUID(2), uuidConfig[] = IMUH_UUID(3);
static const uint8_t uuidInfo[] = IMUH_UUID(4), uuidSync[] = IMUH_UUID(5), uuidStatus[] = IMUH_UUID(6);
static BLEService service(uuidService);
static BLECharacteristic data(uuidData), config(uuidConfig), info(uuidInfo), timesync(uuidSync), status(uuidStatus);
static BLEBas battery;

static imuh_config inForce = {IMUH_STOP, 0, 104, 16, 2000, 0};
static imuh_info about = {IMUH_CHANNELS, 0x6A69, 0, 0, 0, 208, 0};
static imuh_status health;
static imuh_writer writer;
static uint16_t connection = BLE_CONN_HANDLE_INVALID;
static volatile bool streaming = false, begin = false;

/* Time of the newest data-ready edge. One slot is enough as long as loop() is quicker than two samples; `waiting` counts. */
static volatile uint32_t readyAt;
static volatile uint8_t waiting;
static void onReady() { readyAt = micros(); waiting++; }

static uint64_t now64() {
  static uint32_t last = 0, wraps = 0;
  const uint32_t now = micros();
  if (now < last) wraps++;
  last = now;
  return ((uint64_t)wraps << 32) | now;
}

static void put(uint8_t reg, uint8_t value) {
  Wire1.beginTransmission(IMU);
  Wire1.write(reg);
  Wire1.write(value);
  Wire1.endTransmission();
}

static bool get(uint8_t reg, uint8_t *into, uint8_t n) {
  Wire1.beginTransmission(IMU);
  Wire1.write(reg);
  if (Wire1.endTransmission(false) != 0 || Wire1.requestFrom(IMU, n) != n) return false;
  for (uint8_t i = 0; i < n; i++) into[i] = Wire1.read();
  return true;
}

/* Rule 4: false for what is not on offer; nothing is rounded. */
static bool apply(const imuh_config &wanted) {
  const Rate *rate = nullptr;
  const AccRange *acc = nullptr;
  const GyrRange *gyr = nullptr;
  for (const Rate &r : RATES) if (r.hz == wanted.rate_hz) rate = &r;
  for (const AccRange &r : ACC) if (r.g == wanted.acc_range_g) acc = &r;
  for (const GyrRange &r : GYR) if (r.dps == wanted.gyr_range_dps) gyr = &r;
  if (!rate || !acc || !gyr || wanted.samples > IMUH_MAX_SAMPLES) return false;
  put(CTRL3_C, 0x44);                    /* whole samples only, address increments */
  put(CTRL1_XL, rate->bits | acc->bits);
  put(CTRL2_G, rate->bits | gyr->bits);
  put(INT1_CTRL, 0x02);                  /* gyroscope data ready; both run at one rate */
  about.acc_m_s2 = acc->m_s2;
  about.gyr_rad_s = gyr->rad_s;
  inForce = wanted;
  return true;
}

static void publish() {
  uint8_t out[IMUH_INFO_BYTES];
  imuh_write_info(out, &about);
  info.write(out, IMUH_INFO_BYTES);
  imuh_write_config(out, &inForce);
  config.write(out, IMUH_CONFIG_BYTES);
}

static void onConfig(uint16_t handle, BLECharacteristic *, ble_gatts_evt_write_t *request) {
  imuh_config wanted;
  const bool ok = imuh_read_config(request->data, request->len, &wanted) && apply(wanted);
  ble_gatts_rw_authorize_reply_params_t reply = {};
  reply.type = BLE_GATTS_AUTHORIZE_TYPE_WRITE;
  reply.params.write.gatt_status = ok ? BLE_GATT_STATUS_SUCCESS : BLE_GATT_STATUS_ATTERR_APP_BEGIN;
  reply.params.write.update = ok;
  reply.params.write.len = request->len;
  reply.params.write.p_data = request->data;
  sd_ble_gatts_rw_authorize_reply(handle, &reply);
  if (!ok) return;
  publish();
  if (wanted.command == IMUH_STOP) streaming = false;
  if (wanted.command == IMUH_START) begin = true;
}

static void onPing(uint16_t handle, BLECharacteristic *, uint8_t *bytes, uint16_t length) {
  const uint64_t received = now64();
  uint32_t nonce;
  uint8_t out[IMUH_TIMESYNC_BYTES];
  if (!imuh_read_ping(bytes, length, &nonce)) return;
  imuh_write_timesync(out, nonce, received, now64());
  timesync.notify(handle, out, IMUH_TIMESYNC_BYTES);
}

static void onConnect(uint16_t handle) {
  connection = handle;
  BLEConnection *link = Bluefruit.Connection(handle);
  link->requestDataLengthUpdate();
  link->requestMtuExchange(247);
  link->requestConnectionParameter(12, 0, 500); /* 15 ms, no latency, 5 s */
}

static void onDisconnect(uint16_t, uint8_t) { connection = BLE_CONN_HANDLE_INVALID; streaming = false; }

void setup() {
  pinMode(PIN_LSM6DS3TR_C_POWER, OUTPUT);
  digitalWrite(PIN_LSM6DS3TR_C_POWER, HIGH);
  delay(20);
  Wire1.begin();
  Wire1.setClock(400000);
  Bluefruit.configPrphBandwidth(BANDWIDTH_MAX);
  Bluefruit.begin();
  sd_rand_application_vector_get((uint8_t *)&about.boot_id, sizeof about.boot_id);
  char name[12];
  snprintf(name, sizeof name, "IMUH-%04lx", (unsigned long)(NRF_FICR->DEVICEID[0] & 0xFFFF));
  Bluefruit.setName(name);
  Bluefruit.Periph.setConnectCallback(onConnect);
  Bluefruit.Periph.setDisconnectCallback(onDisconnect);
  battery.begin();
  service.begin();
  data.setProperties(CHR_PROPS_NOTIFY);
  data.setMaxLen(IMUH_MAX_PACKET_BYTES);
  config.setProperties(CHR_PROPS_READ | CHR_PROPS_WRITE);
  config.setFixedLen(IMUH_CONFIG_BYTES);
  config.setWriteAuthorizeCallback(onConfig);
  info.setProperties(CHR_PROPS_READ);
  info.setFixedLen(IMUH_INFO_BYTES);
  timesync.setProperties(CHR_PROPS_WRITE | CHR_PROPS_NOTIFY);
  timesync.setMaxLen(IMUH_TIMESYNC_BYTES);
  timesync.setWriteCallback(onPing);
  status.setProperties(CHR_PROPS_NOTIFY);
  status.setFixedLen(IMUH_STATUS_BYTES);
  for (BLECharacteristic *c : {&data, &config, &info, &timesync, &status}) {
    c->setPermission(SECMODE_OPEN, SECMODE_OPEN);
    c->begin();
  }
  apply(inForce);
  publish();
  pinMode(PIN_LSM6DS3TR_C_INT1, INPUT);
  attachInterrupt(digitalPinToInterrupt(PIN_LSM6DS3TR_C_INT1), onReady, RISING);
  Bluefruit.Advertising.addFlags(BLE_GAP_ADV_FLAGS_LE_ONLY_GENERAL_DISC_MODE);
  Bluefruit.Advertising.addName();
  Bluefruit.ScanResponse.addService(service);
  Bluefruit.Advertising.restartOnDisconnect(true);
  Bluefruit.Advertising.start(0);
}

static void send() {
  const uint16_t n = imuh_finish(&writer); /* the sequence goes on even where the send fails */
  if (n && !data.notify(connection, writer.bytes, n)) {
    health.dropped++;
    imuh_dropped(&writer);
  }
}

static void sample() {
  noInterrupts();
  const uint32_t at = readyAt;
  const uint8_t came = waiting;
  waiting = 0;
  interrupts();
  uint8_t raw[12];
  if (!get(OUTX_L_G, raw, 12)) return;
  if (came > 1) { /* rule 3: the hole lies between two packets */
    health.overruns += came - 1;
    send();
    imuh_dropped(&writer);
  }
  int16_t counts[6]; /* the chip gives the gyroscope first */
  for (uint8_t i = 0; i < 6; i++) counts[(i + 3) % 6] = (int16_t)imuh_get16(raw + 2 * i);
  if (imuh_add(&writer, counts, at)) send();
}

static void report() {
  static uint32_t last = 0;
  if (connection == BLE_CONN_HANDLE_INVALID || millis() - last < 1000) return;
  last = millis();
  uint8_t raw[2], out[IMUH_STATUS_BYTES];
  if (get(OUT_TEMP, raw, 2)) health.temperature_cdeg = (int16_t)(2500 + (int16_t)imuh_get16(raw) * 100 / 256);
  BLEConnection *link = Bluefruit.Connection(connection);
  health.interval_units = link->getConnectionInterval();
  health.mtu = link->getMtu();
  imuh_write_status(out, &health);
  status.notify(connection, out, IMUH_STATUS_BYTES);
}

void loop() {
  if (begin) {
    const uint16_t mtu = Bluefruit.Connection(connection)->getMtu();
    const uint8_t most = imuh_samples_for_mtu(mtu);
    const uint8_t usual = inForce.samples ? inForce.samples : (uint8_t)((inForce.rate_hz + 19) / 20); /* 50 ms */
    imuh_begin(&writer, usual < most ? usual : most, inForce.rate_hz);
    noInterrupts();
    waiting = 0;
    interrupts();
    begin = false;
    streaming = true;
  }
  if (streaming && waiting) sample();
  if (streaming && writer.count && micros() - writer.first_us > 100000u) send(); /* rule 8 */
  report();
}
