// Many WebSocket (or SSE) connections on one thread of epoll, that read and count and do nothing else: a client
// that costs less than the server it measures. Linux only. Told what to do by lines on standard input, answers
// each by a line of JSON, and ends with its standard input, so it cannot outlive the program that started it.
//
//   drain --port P[,P...] --plan FILE [--host A] [--mode ws|sse] [--ready TEXT] [--refused TEXT] [--answer ASK=REPLY]
//         [--since TEMPLATE] [--first-address N] [--narrow 1]
//
//   open N RATE IN_FLIGHT       opens the next N of the plan, at most RATE a second (0: any) and IN_FLIGHT at a time
//   keep RATE IN_FLIGHT WAIT    from now on opens those again that end, WAIT milliseconds later, at the next port; or as much
//                               later as "retry=" in the reason of a close says
//   begin FIRST                 counts anew; the messages of each channel are numbered from FIRST
//   report                      says what was counted since `begin`
//   stall N                     stops reading the last N connections; 0 reads all again
//   close N                     resets the last N connections
//
// The plan holds for each client the path, header lines, and what to send after the handshake as lines that start with
// "> "; an empty line ends it. A client is ready when a frame with TEXT of --ready comes; without that, with the handshake.
// With --since, "{since}" in a plan stands for nothing at first, and for TEMPLATE, whose "%" is the last cursor that the
// client got, when it is opened again. Clients are counted as having one channel with history.
//
// Clients on loopback have addresses of their own by the thousand, from 127.0.0.1 + N of --first-address on. With --narrow
// the kernel buffers little for them, as on a slow line: on loopback it else takes megabytes for a client that reads nothing.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 256 * 1024, EVENTS = 512, MAX_FRAME = 64 * 1024 * 1024, MAX_HEAD = 16 * 1024 };
// With more than half of an address's 28,000 ports taken the kernel searches long for the next.
enum { CLIENTS_PER_ADDRESS = 4000 };
// As on Ethernet. What a server may have under way grows with the size of a segment, which on loopback is 64 KB.
enum { NARROW_SEGMENT = 1460, NARROW_BUFFER = 16 * 1024 };
enum { SUB_BITS = 7, SUBS = 1 << SUB_BITS, BUCKETS = (33 - SUB_BITS) * SUBS };
enum { SEQUENCE_DIGITS = 10, TIME_DIGITS = 16 };

#define MARK "\"stamp\":\""
#define MARK_BYTES (sizeof MARK - 1)
#define STAMP_BYTES (MARK_BYTES + SEQUENCE_DIGITS + 1 + TIME_DIGITS)
#define CHANNEL "\"channel\":\""
#define CHANNEL_BYTES (sizeof CHANNEL - 1)
#define CURSOR "\"cursor\":\""
#define CURSOR_BYTES (sizeof CURSOR - 1)
#define RETRY "retry="
#define RETRY_BYTES (sizeof RETRY - 1)
#define SINCE "{since}"
#define SINCE_BYTES (sizeof SINCE - 1)
// The same for all clients: what it protects from, caches that take a handshake for a page, is not here.
#define KEY "dGlkZWdhdGV0aWRlZ2F0ZQ=="
#define ACCEPT "9XE0pyR31qbtKyHHlRaupkac7JY="

typedef enum { CONNECTING, UPGRADING, GREETING, READY, CLOSED } State;

// Where one connection is in one channel.
typedef struct {
  uint32_t channel;
  uint64_t next;
} Place;

typedef struct {
  int fd;
  State state;
  uint8_t stalled, chunked, cursor_room;
  uint16_t place_count, attempts;
  Place first, *more;        // `more` holds all but the first
  char *cursor;              // the last it got; only with --since
  uint32_t told_to_wait;     // milliseconds, by the close of the connection before
  unsigned char *carry;      // bytes of a frame, or of the head, that is not complete
  uint32_t carried, capacity;
} Client;

typedef struct {
  const char *text;
  size_t length;
} Slice;

static const char *host = "127.0.0.1", *ready_text, *refused_text;
static Slice ask, reply, since_before, since_behind;
static int ports[64], port_count, sse, epoll, tracks_cursors, is_narrow;
static size_t first_address;
static Slice *plans;
static size_t plan_count;
static Client *clients;
static size_t started, ready, in_flight, closed_count, reopened_count;
static uint64_t ready_at;
static char reason[512];
static unsigned char read_buffer[READ_BYTES];

static struct {
  int active;
  size_t wanted, max_in_flight, from;
  double rate;
  uint64_t since;
} opening;

typedef struct {
  uint32_t client;
  uint64_t at;
} Turn;

// Those that ended and are to be opened again, each once: a heap with room for all, the earliest first.
static struct {
  int active;
  double rate, due;
  size_t max_in_flight, length;
  uint64_t wait;
  Turn *heap;
} keeping;

static struct {
  uint64_t resets, missed;
  uint64_t since, first, frames, bytes, received, skipped, repeated, stale, other, first_stamp, last, sum, max;
  uint64_t histogram[BUCKETS];
} count;

static Slice *names;  // of channels; the first is that of messages without one
static uint32_t name_count, name_capacity, *name_table, name_slots;

static uint64_t now_micros(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static void *allocate(void *old, size_t bytes) {
  void *result = realloc(old, bytes);
  if (result == NULL) {
    fputs("drain: out of memory\n", stderr);
    exit(1);
  }
  return result;
}

// How long this process ran, and how long it was ready to run and another one had the core, in microseconds.
static void own_time(uint64_t *ran, uint64_t *waited) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  *ran = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
         (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  unsigned long long run = 0, delay = 0;
  FILE *file = fopen("/proc/self/schedstat", "r");
  if (file != NULL) {
    if (fscanf(file, "%llu %llu", &run, &delay) != 2) delay = 0;
    fclose(file);
  }
  *waited = delay / 1000;
}

static uint64_t ran_before, waited_before;

static void print_shares(uint64_t since) {
  uint64_t ran, waited;
  own_time(&ran, &waited);
  double micros = (double)(now_micros() - since) + 1;
  printf(",\"seconds\":%.6f,\"cpuShare\":%.4f,\"waitShare\":%.4f", micros / 1e6,
         (double)(ran - ran_before) / micros, (double)(waited - waited_before) / micros);
}

static void print_string(const char *text) {
  putchar('"');
  for (const unsigned char *at = (const unsigned char *)text; *at != 0; at += 1) {
    if (*at == '"' || *at == '\\') printf("\\%c", *at);
    else if (*at < 0x20 || *at > 0x7e) printf("\\u%04x", *at);
    else putchar(*at);
  }
  putchar('"');
}

static void end_line(void) {
  fputs("}\n", stdout);
  fflush(stdout);
}

static void drop(Client *client) {
  if (client->state == CLOSED) return;
  if (client->state == READY) ready -= 1;
  else in_flight -= 1;
  // By RST: thousands of sockets in TIME_WAIT would take the ports of the next run.
  struct linger linger = {1, 0};
  setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close(client->fd);
  free(client->carry);
  client->carry = NULL;
  client->carried = client->capacity = 0;
  client->state = CLOSED;
}

// Where it is in its channels. Kept by those that will go on from there.
static void forget(Client *client) {
  free(client->more);
  free(client->cursor);
  client->more = NULL;
  client->cursor = NULL;
  client->place_count = client->cursor_room = 0;
}

static void open_later(Client *client) {
  uint64_t wait = client->told_to_wait > 0 ? (uint64_t)client->told_to_wait * 1000 : keeping.wait;
  Turn turn = {(uint32_t)(client - clients), now_micros() + wait};
  size_t at = keeping.length++;
  for (; at > 0 && keeping.heap[(at - 1) / 2].at > turn.at; at = (at - 1) / 2) keeping.heap[at] = keeping.heap[(at - 1) / 2];
  keeping.heap[at] = turn;
}

static Client *take_turn(void) {
  Client *client = &clients[keeping.heap[0].client];
  Turn last = keeping.heap[--keeping.length];
  size_t at = 0;
  for (size_t child = 1; child < keeping.length; child = 2 * at + 1) {
    if (child + 1 < keeping.length && keeping.heap[child + 1].at < keeping.heap[child].at) child += 1;
    if (keeping.heap[child].at >= last.at) break;
    keeping.heap[at] = keeping.heap[child];
    at = child;
  }
  keeping.heap[at] = last;
  return client;
}

// The connection is over and nobody here wanted that. The first reason is kept.
__attribute__((format(printf, 2, 3))) static void fail(Client *client, const char *format, ...) {
  static const char *const during[] = {"connecting", "in the handshake", "after the handshake", "ready", ""};
  if (client->state == CLOSED) return;
  if (reason[0] == 0) {
    int length = snprintf(reason, sizeof reason, "client %zu, %s: ", (size_t)(client - clients),
                          during[client->state]);
    va_list values;
    va_start(values, format);
    vsnprintf(reason + length, sizeof reason - (size_t)length, format, values);
    va_end(values);
  }
  int was_ready = client->state == READY;
  closed_count += 1;
  drop(client);
  if (keeping.active) {
    open_later(client);
    return;
  }
  forget(client);
  if (opening.active && !was_ready) {
    opening.active = 0;
    fputs("{\"type\":\"failed\",\"reason\":", stdout);
    print_string(reason);
    end_line();
  }
}

static void become_ready(Client *client) {
  client->state = READY;
  in_flight -= 1;
  ready += 1;
  ready_at = now_micros();
}

static void send_bytes(Client *client, const void *bytes, size_t length) {
  ssize_t sent = send(client->fd, bytes, length, MSG_NOSIGNAL);
  if (sent != (ssize_t)length) fail(client, "cannot send %zu bytes: %s", length, strerror(errno));
}

// Masked by zeros, which leave the payload as it is.
static void send_frame(Client *client, int opcode, const void *payload, size_t length) {
  size_t head = length < 126 ? 2 : length < 65536 ? 4 : 10;
  unsigned char *frame = allocate(NULL, head + 4 + length);
  frame[0] = (unsigned char)(0x80 | opcode);
  frame[1] = (unsigned char)(0x80 | (length < 126 ? length : length < 65536 ? 126 : 127));
  for (size_t byte = 2; byte < head; byte += 1) {
    frame[byte] = (unsigned char)(length >> (8 * (head - 1 - byte)));
  }
  memset(frame + head, 0, 4);
  memcpy(frame + head + 4, payload, length);
  send_bytes(client, frame, head + 4 + length);
  free(frame);
}

// ---- counting ----

static uint32_t bucket_of(uint64_t micros) {
  uint32_t value = micros > INT32_MAX ? INT32_MAX : (uint32_t)micros;
  if (value < 2 * SUBS) return value;
  uint32_t shift = (uint32_t)(31 - __builtin_clz(value) - SUB_BITS);
  return shift * SUBS + (value >> shift);
}

// The largest value of the bucket in which the share lies; -1 if nothing was counted.
static long long quantile(double share) {
  uint64_t wanted = (uint64_t)((double)count.received * share + 0.9999999), seen = 0;
  if (count.received == 0) return -1;
  for (uint32_t bucket = 0; bucket < BUCKETS; bucket += 1) {
    seen += count.histogram[bucket];
    if (seen >= (wanted == 0 ? 1 : wanted)) {
      if (bucket < 2 * SUBS) return bucket;
      uint32_t shift = bucket / SUBS - 1;
      return ((long long)(bucket - shift * SUBS + 1) << shift) - 1;
    }
  }
  return (long long)count.max;
}

static uint32_t name_hash(Slice name) {
  uint32_t hash = 2166136261u;
  for (size_t at = 0; at < name.length; at += 1) hash = (hash ^ (unsigned char)name.text[at]) * 16777619u;
  return hash;
}

static int same(Slice one, Slice other) {
  return one.length == other.length && memcmp(one.text, other.text, one.length) == 0;
}

static uint32_t name_slot(Slice name) {
  uint32_t slot = name_hash(name) & (name_slots - 1);
  while (name_table[slot] != 0 && !same(names[name_table[slot]], name)) slot = (slot + 1) & (name_slots - 1);
  return slot;
}

static uint32_t channel_named(Slice name) {
  if (name.length == 0) return 0;
  if (2 * (name_count + 1) > name_slots) {
    name_slots = name_slots == 0 ? 1024 : 2 * name_slots;
    free(name_table);
    name_table = calloc(name_slots, sizeof *name_table);
    if (name_table == NULL) exit(1);
    for (uint32_t channel = 1; channel < name_count; channel += 1) name_table[name_slot(names[channel])] = channel;
  }
  uint32_t slot = name_slot(name);
  if (name_table[slot] != 0) return name_table[slot];
  if (name_count == name_capacity) {
    name_capacity *= 2;
    names = allocate(names, name_capacity * sizeof *names);
  }
  char *copy = allocate(NULL, name.length);
  memcpy(copy, name.text, name.length);
  names[name_count] = (Slice){copy, name.length};
  name_table[slot] = name_count;
  return name_count++;
}

static Place *place_of(Client *client, Slice name) {
  if (client->place_count > 0 && same(names[client->first.channel], name)) return &client->first;
  uint32_t channel = channel_named(name);
  for (uint16_t at = 1; at < client->place_count; at += 1) {
    if (client->more[at - 1].channel == channel) return &client->more[at - 1];
  }
  Place *place = &client->first;
  if (client->place_count > 0) {
    client->more = allocate(client->more, client->place_count * sizeof *client->more);
    place = &client->more[client->place_count - 1];
  }
  client->place_count += 1;
  *place = (Place){channel, count.first};
  return place;
}

// Where a text begins in another, found first where it was last time: messages of a run look alike.
static long find(const unsigned char *text, size_t length, const char *wanted, size_t bytes, size_t *hint) {
  if (*hint + bytes <= length && memcmp(text + *hint, wanted, bytes) == 0) return (long)*hint;
  const unsigned char *found = memmem(text, length, wanted, bytes);
  if (found == NULL) return -1;
  *hint = (size_t)(found - text);
  return found - text;
}

// Eight digits at once, on little-endian machines: digit by digit this was half of all the work.
static int eight_digits(const unsigned char *text, uint64_t *value) {
  uint64_t digits;
  memcpy(&digits, text, sizeof digits);
  uint64_t high = digits & 0xf0f0f0f0f0f0f0f0, above = (digits + 0x0606060606060606) & 0xf0f0f0f0f0f0f0f0;
  if ((high | above >> 4) != 0x3333333333333333) return 0;
  digits = (digits & 0x0f0f0f0f0f0f0f0f) * 2561 >> 8;
  digits = (digits & 0x00ff00ff00ff00ff) * 6553601 >> 16;
  *value = (digits & 0x0000ffff0000ffff) * 42949672960001 >> 32;
  return 1;
}

static int read_stamp(const unsigned char *text, uint64_t *sequence, uint64_t *micros) {
  uint64_t high, low;
  unsigned tens = (unsigned)text[8] - '0', ones = (unsigned)text[9] - '0';
  if (!eight_digits(text, &high) || tens > 9 || ones > 9) return 0;
  *sequence = high * 100 + tens * 10 + ones;
  text += SEQUENCE_DIGITS + 1;
  if (!eight_digits(text, &high) || !eight_digits(text + 8, &low)) return 0;
  *micros = high * 100000000 + low;
  return 1;
}

static int has(const unsigned char *text, size_t length, const char *wanted) {
  return memmem(text, length, wanted, strlen(wanted)) != NULL;
}

static void keep_cursor(Client *client, const unsigned char *line, size_t length) {
  static size_t hint;
  const unsigned char *cursor = line + 4, *end = line + length;
  if (!sse) {
    long at = find(line, length, CURSOR, CURSOR_BYTES, &hint);
    if (at < 0) return;
    cursor = line + at + CURSOR_BYTES;
    end = memchr(cursor, '"', (size_t)(end - cursor));
  } else if (length < 5 || memcmp(line, "id: ", 4) != 0) {
    return;
  }
  if (end == NULL || end - cursor > 128) return;
  size_t bytes = (size_t)(end - cursor) + 1;
  if (bytes > client->cursor_room) {
    client->cursor = allocate(client->cursor, bytes);
    client->cursor_room = (uint8_t)bytes;
  }
  memcpy(client->cursor, cursor, bytes - 1);
  client->cursor[bytes - 1] = 0;
}

// Something else than a message that was published.
static void take_other(Client *client, const unsigned char *line, size_t length) {
  count.other += 1;
  if (ask.length == length && memcmp(ask.text, line, length) == 0) send_frame(client, 1, reply.text, reply.length);
  else if (has(line, length, sse ? "event: tidegate.reset" : "\"type\":\"reset\"")) count.resets += 1;
  else if (has(line, length, sse ? "event: tidegate.missed" : "\"messages_missed\"")) count.missed += 1;
}

// One message, or something else of a server.
static void take_line(Client *client, const unsigned char *line, size_t length, uint64_t now) {
  static size_t stamp_hint, channel_hint;
  if (length == 0) return;
  if (tracks_cursors) keep_cursor(client, line, length);
  uint64_t sequence, stamp;
  long at = find(line, length, MARK, MARK_BYTES, &stamp_hint);
  if (at < 0 || (size_t)at + STAMP_BYTES > length || !read_stamp(line + at + MARK_BYTES, &sequence, &stamp)) {
    take_other(client, line, length);
    return;
  }
  if (sequence < count.first) {
    count.stale += 1;
    return;
  }
  Slice name = {"", 0};
  long channel = find(line, (size_t)at, CHANNEL, CHANNEL_BYTES, &channel_hint);
  if (channel >= 0) {
    name.text = (const char *)line + channel + CHANNEL_BYTES;
    const char *end = memchr(name.text, '"', (size_t)at - (size_t)channel - CHANNEL_BYTES);
    name.length = end == NULL ? 0 : (size_t)(end - name.text);
  }
  Place *place = place_of(client, name);
  if (sequence < place->next) {
    count.repeated += 1;
    return;
  }
  count.skipped += sequence - place->next;
  place->next = sequence + 1;
  uint64_t micros = now > stamp ? now - stamp : 0;
  if (count.received == 0 || stamp < count.first_stamp) count.first_stamp = stamp;
  count.received += 1;
  count.last = now;
  count.sum += micros;
  if (micros > count.max) count.max = micros;
  count.histogram[bucket_of(micros)] += 1;
}

static void take_lines(Client *client, const unsigned char *text, size_t length, uint64_t now) {
  const unsigned char *end = text + length;
  while (text < end) {
    const unsigned char *newline = memchr(text, '\n', (size_t)(end - text));
    size_t line = (size_t)((newline == NULL ? end : newline) - text);
    take_line(client, text, line, now);
    text += line + 1;
  }
}

static void take_text(Client *client, const unsigned char *text, size_t length, uint64_t now) {
  if (client->state == READY) {
    take_lines(client, text, length, now);
  } else if (client->state == GREETING) {
    if (memmem(text, length, ready_text, strlen(ready_text)) != NULL) {
      become_ready(client);
      // What stands in the same frame behind it counts already.
      take_lines(client, text, length, now);
    } else if (refused_text != NULL && memmem(text, length, refused_text, strlen(refused_text)) != NULL) {
      fail(client, "refused: %.*s", (int)(length > 300 ? 300 : length), (const char *)text);
    }
  }
}

// What the reason of a close says of coming back, in milliseconds; 0: nothing.
static uint32_t wait_in(const unsigned char *reason_text, size_t length) {
  const unsigned char *found = memmem(reason_text, length, RETRY, RETRY_BYTES);
  uint32_t wait = 0;
  if (found == NULL) return 0;
  for (found += RETRY_BYTES; found < reason_text + length && isdigit(*found) && wait < 1000000; found += 1) {
    wait = wait * 10 + (uint32_t)(*found - '0');
  }
  return wait;
}

// ---- reading: each takes what is complete and returns how much that was ----

static size_t take_frames(Client *client, const unsigned char *bytes, size_t length, uint64_t now, size_t *need) {
  size_t at = 0;
  while (length - at >= 2 && client->state != CLOSED) {
    const unsigned char *head = bytes + at;
    size_t have = length - at, payload = head[1] & 0x7f, head_bytes = 2;
    if ((head[0] & 0xf0) != 0x80 || (head[1] & 0x80) != 0) {
      fail(client, "a frame is fragmented, masked or has reserved bits");
      break;
    }
    if (payload >= 126) {
      head_bytes = payload == 126 ? 4 : 10;
      if (have < head_bytes) break;
      payload = 0;
      for (size_t byte = 2; byte < head_bytes; byte += 1) payload = (payload << 8) | head[byte];
      if (payload > MAX_FRAME) {
        fail(client, "a frame announces %zu bytes", payload);
        break;
      }
    }
    if (have < head_bytes + payload) {
      *need = head_bytes + payload;
      break;
    }
    const unsigned char *text = head + head_bytes;
    count.frames += 1;
    switch (head[0] & 0x0f) {
      case 1: take_text(client, text, payload, now); break;
      // One message, whatever bytes are in it.
      case 2: client->state == READY ? take_line(client, text, payload, now) : take_text(client, text, payload, now); break;
      case 8:
        client->told_to_wait = wait_in(text, payload);
        fail(client, "closed with %d %.*s", payload < 2 ? 1005 : text[0] << 8 | text[1],
             payload < 2 ? 0 : (int)payload - 2, (const char *)text + 2);
        break;
      case 9: send_frame(client, 10, text, payload); break;
      case 10: break;
      default: fail(client, "a frame has opcode %d", head[0] & 0x0f);
    }
    at += head_bytes + payload;
  }
  return at;
}

// Events of a stream may stand in any number of lines and chunks, but servers write whole ones. Some write the line end
// behind a chunk only with the next one, so nothing waits for it.
static size_t take_chunks(Client *client, const unsigned char *bytes, size_t length, uint64_t now, size_t *need) {
  size_t at = 0;
  while (at < length && client->state != CLOSED) {
    size_t line_end = client->chunked && bytes[at] == '\r' ? 2 : 0;
    const unsigned char *newline = length - at > line_end ? memchr(bytes + at + line_end, '\n', length - at - line_end) : NULL;
    if (newline == NULL) break;
    size_t body = (size_t)(newline + 1 - bytes);
    if (!client->chunked) {
      take_text(client, bytes + at, body - at, now);
      at = body;
      continue;
    }
    size_t size = strtoul((const char *)bytes + at + line_end, NULL, 16);
    if (size == 0 || size > MAX_FRAME) {
      fail(client, "the stream ended");
      break;
    }
    if (length - body < size) {
      *need = body - at + size;
      break;
    }
    count.frames += 1;
    take_text(client, bytes + body, size, now);
    at = body + size;
  }
  return at;
}

// A line of the plan, with what stands for "{since}". To be freed.
static Slice filled(Client *client, const char *line, size_t length) {
  const char *cursor = client->cursor == NULL ? "" : client->cursor;
  char *text = allocate(NULL, length + since_before.length + strlen(cursor) + since_behind.length + 1);
  const char *gap = tracks_cursors ? memmem(line, length, SINCE, SINCE_BYTES) : NULL;
  char *end = text;
  end = mempcpy(end, line, gap == NULL ? length : (size_t)(gap - line));
  if (gap != NULL && *cursor != 0) {
    end = mempcpy(end, since_before.text, since_before.length);
    end = mempcpy(end, cursor, strlen(cursor));
    end = mempcpy(end, since_behind.text, since_behind.length);
  }
  if (gap != NULL) end = mempcpy(end, gap + SINCE_BYTES, (size_t)(line + length - gap) - SINCE_BYTES);
  *end = 0;
  return (Slice){text, (size_t)(end - text)};
}

static void greet(Client *client) {
  Slice plan = plans[client - clients];
  const char *at = plan.text, *end = plan.text + plan.length;
  while (at < end && client->state != CLOSED) {
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    if (newline == NULL) newline = end;
    if (newline - at > 2 && at[0] == '>') {
      Slice message = filled(client, at + 2, (size_t)(newline - at) - 2);
      send_frame(client, 1, message.text, message.length);
      free((char *)message.text);
    }
    at = newline + 1;
  }
}

static size_t take_head(Client *client, const unsigned char *bytes, size_t length) {
  const unsigned char *end = memmem(bytes, length, "\r\n\r\n", 4);
  if (end == NULL) {
    if (length > MAX_HEAD) fail(client, "the answer has no end");
    return 0;
  }
  size_t head = (size_t)(end - bytes) + 4;
  int right = memmem(bytes, head, sse ? " 200 " : " 101 ", 5) == bytes + 8 &&
              (sse || memmem(bytes, head, ACCEPT, sizeof ACCEPT - 1) != NULL);
  if (!right) {
    fail(client, "the handshake was answered: %.*s", (int)(head > 300 ? 300 : head - 4), (const char *)bytes);
    return length;
  }
  client->chunked = memmem(bytes, head, "chunked", 7) != NULL;
  if (ready_text == NULL) become_ready(client);
  else client->state = GREETING;
  if (!sse) greet(client);
  return head;
}

static size_t take(Client *client, const unsigned char *bytes, size_t length, uint64_t now, size_t *need) {
  size_t taken = 0;
  if (client->state == UPGRADING) {
    taken = take_head(client, bytes, length);
    if (client->state == UPGRADING || client->state == CLOSED) return taken;
  }
  return taken + (sse ? take_chunks : take_frames)(client, bytes + taken, length - taken, now, need);
}

static void read_client(Client *client) {
  unsigned char *into = client->carried > 0 ? client->carry + client->carried : read_buffer;
  size_t room = client->carried > 0 ? client->capacity - client->carried : READ_BYTES;
  ssize_t got = recv(client->fd, into, room, 0);
  if (got <= 0) {
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    fail(client, "%s", got == 0 ? "the connection was closed" : strerror(errno));
    return;
  }
  // One look at the clock for all that was read at once.
  uint64_t now = now_micros();
  count.bytes += (uint64_t)got;
  unsigned char *bytes = client->carried > 0 ? client->carry : read_buffer;
  size_t length = client->carried + (size_t)got, need = 0;
  size_t taken = take(client, bytes, length, now, &need);
  if (client->state == CLOSED) return;
  size_t rest = length - taken;
  if (rest == 0) {
    free(client->carry);
    client->carry = NULL;
    client->carried = client->capacity = 0;
    return;
  }
  size_t capacity = (need > rest ? need : rest) + 4096;
  if (bytes == client->carry) {
    memmove(client->carry, client->carry + taken, rest);
    if (capacity > client->capacity) {
      client->carry = allocate(client->carry, capacity);
      client->capacity = (uint32_t)capacity;
    }
  } else {
    client->carry = allocate(NULL, capacity);
    client->capacity = (uint32_t)capacity;
    memcpy(client->carry, bytes + taken, rest);
  }
  client->carried = (uint32_t)rest;
}

// ---- opening ----

static void watch(Client *client, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.u64 = (uint64_t)(client - clients) + 1};
  epoll_ctl(epoll, operation, client->fd, &event);
}

// At the next one each time, as behind a load balancer that knows no better.
static int port_of(const Client *client) {
  return ports[((size_t)(client - clients) + client->attempts) % (size_t)port_count];
}

static void start(Client *client) {
  size_t index = (size_t)(client - clients);
  client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  client->state = CONNECTING;
  client->stalled = client->chunked = 0;
  client->told_to_wait = 0;
  in_flight += 1;
  if (client->fd < 0) {
    fail(client, "%s", strerror(errno));
    return;
  }
  int on = 1;
  setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (is_narrow) {
    int segment = NARROW_SEGMENT, buffer = NARROW_BUFFER;
    setsockopt(client->fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
    setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  }
  struct sockaddr_in address = {.sin_family = AF_INET};
  if (strncmp(host, "127.", 4) == 0) {
    // The port is chosen by connect, which knows that the same one may serve two servers.
    setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    address.sin_addr.s_addr = htonl(0x7f000001u + (uint32_t)((first_address + index / CLIENTS_PER_ADDRESS) % 250));
    if (bind(client->fd, (struct sockaddr *)&address, sizeof address) != 0) {
      fail(client, "bind: %s", strerror(errno));
      return;
    }
  }
  address.sin_port = htons((uint16_t)port_of(client));
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) {
    fail(client, "%s is no IPv4 address", host);
    return;
  }
  if (connect(client->fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS) {
    fail(client, "%s", strerror(errno));
    return;
  }
  watch(client, EPOLL_CTL_ADD, EPOLLOUT);
}

static void send_handshake(Client *client) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    fail(client, "%s", strerror(error));
    return;
  }
  Slice plan = plans[client - clients];
  const char *end = plan.text + plan.length, *line = plan.text;
  const char *path_end = memchr(line, '\n', plan.length);
  if (path_end == NULL) path_end = end;
  Slice path_filled = filled(client, line, (size_t)(path_end - line));
  char *head = allocate(NULL, path_filled.length + plan.length * 2 + 512);
  int length = sprintf(head, "GET %s HTTP/1.1\r\nHost: %s:%d\r\n%s", path_filled.text, host, port_of(client),
                       sse ? "Accept: text/event-stream\r\n"
                           : "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Key: " KEY "\r\n");
  for (line = path_end + 1; line < end;) {
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    if (newline == NULL) newline = end;
    if (line[0] != '>') length += sprintf(head + length, "%.*s\r\n", (int)(newline - line), line);
    line = newline + 1;
  }
  free((char *)path_filled.text);
  length += sprintf(head + length, "\r\n");
  client->state = UPGRADING;
  send_bytes(client, head, (size_t)length);
  free(head);
  if (client->state != CLOSED) watch(client, EPOLL_CTL_MOD, EPOLLIN);
}

// Starts what pace and limit allow, and says so when all are there.
static void continue_opening(void) {
  double allowed = (double)opening.wanted;
  if (opening.rate > 0) {
    double due = (double)opening.from + 1 + (double)(now_micros() - opening.since) / 1e6 * opening.rate;
    if (due < allowed) allowed = due;
  }
  while (opening.active && in_flight < opening.max_in_flight && (double)started + 1 <= allowed) {
    started += 1;
    start(&clients[started - 1]);
  }
  if (opening.active && started == opening.wanted && in_flight == 0 && keeping.length == 0) {
    opening.active = 0;
    printf("{\"type\":\"opened\",\"connections\":%zu", ready);
    print_shares(opening.since);
    end_line();
  }
}

// Opens again those that have waited long enough.
static void continue_keeping(void) {
  uint64_t now = now_micros();
  while (keeping.length > 0 && in_flight < keeping.max_in_flight) {
    if (keeping.heap[0].at > now || (keeping.rate > 0 && keeping.due > (double)now)) return;
    Client *client = take_turn();
    if (keeping.rate > 0) {
      keeping.due = (keeping.due > (double)now - 1e6 ? keeping.due : (double)now) + 1e6 / keeping.rate;
    }
    client->attempts += 1;
    reopened_count += 1;
    start(client);
  }
}

// ---- commands ----

static void begin(uint64_t first) {
  memset(&count, 0, sizeof count);
  count.since = now_micros();
  count.first = first;
  reopened_count = 0;
  for (size_t index = 0; index < started; index += 1) clients[index].place_count = 0;
  own_time(&ran_before, &waited_before);
  fputs("{\"type\":\"begun\"", stdout);
  end_line();
}

static void report(void) {
  printf("{\"type\":\"report\",\"connections\":%zu,\"closed\":%zu,\"reason\":", ready, closed_count);
  print_string(reason);
  print_shares(count.since);
  printf(",\"frames\":%llu,\"bytes\":%llu,\"received\":%llu,\"skipped\":%llu,\"repeated\":%llu,\"stale\":%llu,\"other\":%llu,\"resets\":%llu,\"missed\":%llu,\"reopened\":%zu,\"readyAtMicros\":%llu",
         (unsigned long long)count.frames, (unsigned long long)count.bytes, (unsigned long long)count.received,
         (unsigned long long)count.skipped, (unsigned long long)count.repeated, (unsigned long long)count.stale,
         (unsigned long long)count.other, (unsigned long long)count.resets, (unsigned long long)count.missed,
         reopened_count, (unsigned long long)ready_at);
  // From the first publish to the last receipt.
  printf(",\"spanMicros\":%lld,\"meanMicros\":%.1f,\"p50Micros\":%lld,\"p90Micros\":%lld,\"p99Micros\":%lld,\"p999Micros\":%lld,\"maxMicros\":%llu",
         count.received == 0 ? 0 : (long long)(count.last - count.first_stamp),
         count.received == 0 ? 0 : (double)count.sum / (double)count.received, quantile(0.5), quantile(0.9),
         quantile(0.99), quantile(0.999), (unsigned long long)count.max);
  end_line();
}

static void stall(size_t wanted) {
  size_t stalled = 0;
  for (size_t index = started; index > 0; index -= 1) {
    Client *client = &clients[index - 1];
    if (client->state != READY) continue;
    int should = stalled < wanted;
    stalled += (size_t)should;
    if (should != client->stalled) watch(client, should ? EPOLL_CTL_DEL : EPOLL_CTL_ADD, EPOLLIN);
    client->stalled = (uint8_t)should;
  }
  printf("{\"type\":\"stalled\",\"connections\":%zu", stalled);
  end_line();
}

// Slept after each look at the sockets. While it sleeps, what a server sends wakes nobody up: on one machine that is a good part of
// what a send costs, more or less often as the two happen to meet, and nothing that a server pays whose clients are elsewhere.
static unsigned nap_micros;

static void command(const char *line) {
  unsigned long long first = 0, third = 0, wait = 0;
  double rate = 0;
  if (sscanf(line, "open %llu %lf %llu", &first, &rate, &third) == 3) {
    reason[0] = 0;
    closed_count = 0;
    own_time(&ran_before, &waited_before);
    opening.active = 1;
    opening.from = started;
    opening.wanted = started + first > plan_count ? plan_count : started + first;
    opening.max_in_flight = third;
    opening.rate = rate;
    opening.since = now_micros();
  } else if (sscanf(line, "keep %lf %llu %llu", &rate, &third, &wait) == 3) {
    keeping.active = 1;
    keeping.length = 0;
    keeping.rate = rate;
    keeping.max_in_flight = third;
    keeping.wait = wait * 1000;
    for (size_t index = 0; index < started; index += 1) {
      if (clients[index].state == CLOSED) open_later(&clients[index]);
    }
    fputs("{\"type\":\"keeping\"", stdout);
    end_line();
  } else if (sscanf(line, "begin %llu", &first) == 1) {
    begin(first);
  } else if (sscanf(line, "nap %llu", &first) == 1) {
    nap_micros = (unsigned)first;
    fputs("{\"type\":\"napping\"", stdout);
    end_line();
  } else if (strcmp(line, "report") == 0) {
    report();
  } else if (sscanf(line, "stall %llu", &first) == 1) {
    stall(first);
  } else if (sscanf(line, "close %llu", &first) == 1) {
    // What was to be opened again is not any more, whichever it is.
    keeping.active = 0;
    keeping.length = 0;
    for (; first > 0 && started > 0; first -= 1) {
      drop(&clients[--started]);
      forget(&clients[started]);
    }
    printf("{\"type\":\"closed\",\"connections\":%zu", ready);
    end_line();
  } else {
    fputs("{\"type\":\"refused\",\"command\":", stdout);
    print_string(line);
    end_line();
  }
}

static void read_commands(void) {
  static char text[4096];
  static size_t length;
  ssize_t got = read(0, text + length, sizeof text - 1 - length);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) exit(0);
  if (got < 0) return;
  length += (size_t)got;
  text[length] = 0;
  char *line = text;
  for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
    *end = 0;
    command(line);
  }
  length = strlen(line);
  memmove(text, line, length);
}

static void read_plan(const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0 || status.st_size == 0) {
    fprintf(stderr, "drain: cannot read %s\n", path);
    exit(2);
  }
  const char *text = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
  const char *end = text + status.st_size;
  for (const char *at = text; at < end;) {
    const char *stop = memmem(at, (size_t)(end - at), "\n\n", 2);
    if (stop == NULL) stop = end;
    if ((plan_count & (plan_count - 1)) == 0) {
      plans = allocate(plans, (plan_count == 0 ? 1 : 2 * plan_count) * sizeof *plans);
    }
    plans[plan_count++] = (Slice){at, (size_t)(stop - at)};
    at = stop + 2;
  }
  close(file);
}

static const char *value_of(int count_of_arguments, char **arguments, const char *name) {
  for (int at = 1; at + 1 < count_of_arguments; at += 2) {
    if (strcmp(arguments[at], name) == 0) return arguments[at + 1];
  }
  return NULL;
}

int main(int argument_count, char **arguments) {
  const char *port_text = value_of(argument_count, arguments, "--port");
  const char *plan = value_of(argument_count, arguments, "--plan");
  const char *host_text = value_of(argument_count, arguments, "--host");
  const char *mode = value_of(argument_count, arguments, "--mode");
  const char *answer = value_of(argument_count, arguments, "--answer");
  if (port_text == NULL || plan == NULL) {
    fputs("drain: needs --port and --plan\n", stderr);
    return 2;
  }
  for (const char *at = port_text; at != NULL && port_count < 64; at = strchr(at, ',')) {
    if (*at == ',') at += 1;
    ports[port_count++] = atoi(at);
  }
  host = host_text == NULL ? host : host_text;
  sse = mode != NULL && strcmp(mode, "sse") == 0;
  ready_text = value_of(argument_count, arguments, "--ready");
  refused_text = value_of(argument_count, arguments, "--refused");
  const char *since = value_of(argument_count, arguments, "--since");
  const char *gap = since == NULL ? NULL : strchr(since, '%');
  if (gap != NULL) {
    tracks_cursors = 1;
    since_before = (Slice){since, (size_t)(gap - since)};
    since_behind = (Slice){gap + 1, strlen(gap + 1)};
  }
  const char *address = value_of(argument_count, arguments, "--first-address");
  first_address = address == NULL ? 0 : (size_t)atoi(address);
  is_narrow = value_of(argument_count, arguments, "--narrow") != NULL;
  const char *equals = answer == NULL ? NULL : strchr(answer, '=');
  if (equals != NULL) {
    ask = (Slice){answer, (size_t)(equals - answer)};
    reply = (Slice){equals + 1, strlen(equals + 1)};
  }
  read_plan(plan);
  clients = calloc(plan_count, sizeof *clients);
  keeping.heap = allocate(NULL, plan_count * sizeof *keeping.heap);
  if (clients == NULL) return 1;
  name_capacity = 16;
  name_count = 1;
  names = allocate(NULL, name_capacity * sizeof *names);
  names[0] = (Slice){"", 0};
  epoll = epoll_create1(EPOLL_CLOEXEC);
  fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
  struct epoll_event commands = {.events = EPOLLIN, .data.u64 = 0};
  epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &commands);
  count.since = now_micros();
  own_time(&ran_before, &waited_before);
  printf("{\"type\":\"planned\",\"clients\":%zu", plan_count);
  end_line();

  for (;;) {
    static struct epoll_event events[EVENTS];
    int paced = (opening.active && opening.rate > 0 && started < opening.wanted) || keeping.length > 0;
    int happened = epoll_wait(epoll, events, EVENTS, paced ? 1 : -1);
    for (int at = 0; at < happened; at += 1) {
      uint64_t which = events[at].data.u64;
      if (which == 0) {
        read_commands();
        continue;
      }
      Client *client = &clients[which - 1];
      // A command of the same round may have closed it.
      if (client->state == CONNECTING) send_handshake(client);
      else if (client->state != CLOSED && !client->stalled) read_client(client);
    }
    if (opening.active) continue_opening();
    if (keeping.length > 0) continue_keeping();
    if (nap_micros > 0 && happened < EVENTS) usleep(nap_micros);
  }
}
