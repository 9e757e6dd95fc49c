// A client of spinnlive's stream protocol (protocols/stream.md): one header, C++17, POSIX sockets.
//
//   spinnlive::Client live("127.0.0.1", 17880);
//   auto reflex = live.subscribe("spikes", "reflex");
//   live.inject("touch", {0, 3});
//   while (auto batch = live.receive())
//     if (batch->at("channel").integer() == reflex)
//       for (std::uint32_t id : batch->at("ids").ids()) ...
//
// A client belongs to one thread. Everything throws spinnlive::ServerLost when the connection ends, and
// spinnlive::Refused when the server does not carry out a request.
#ifndef SPINNLIVE_HPP
#define SPINNLIVE_HPP

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spinnlive {

constexpr int kVersion = 1;
constexpr std::size_t kMostBytes = std::size_t{1} << 26;  // longest message of a server
constexpr std::size_t kHeld = 65536;  // messages of streams kept until receive() is called
constexpr int kDeepest = 32;

struct Error : std::runtime_error {
  explicit Error(const std::string& message, std::string code_ = "")
      : std::runtime_error(message), code(std::move(code_)) {}
  std::string code;  // of an error or a goodbye, see protocols/stream.md
};
struct ServerLost : Error {
  using Error::Error;
};
struct Refused : Error {
  using Error::Error;
};
struct Malformed : Error {
  using Error::Error;
};

// A value of a message. Asking for another kind than it is throws Malformed.
class Value {
 public:
  enum class Kind { nil, boolean, integer, real, text, binary, array, map };
  Kind kind = Kind::nil;
  std::vector<Value> items;            // of an array
  std::map<std::string, Value> keys;   // of a map

  bool boolean() const { return need(Kind::boolean).number_ != 0; }
  std::int64_t integer() const { return need(Kind::integer).number_; }
  double number() const {
    return kind == Kind::integer ? static_cast<double>(number_) : need(Kind::real).real_;
  }
  const std::string& text() const { return need(Kind::text).bytes_; }
  const std::string& binary() const { return need(Kind::binary).bytes_; }
  std::vector<std::uint32_t> ids() const { return numbers<std::uint32_t, std::uint32_t>(); }
  std::vector<double> reals() const { return numbers<double, std::uint64_t>(); }
  bool has(const std::string& key) const { return keys.count(key) != 0; }
  const Value& at(const std::string& key) const {
    auto found = need(Kind::map).keys.find(key);
    if (found == keys.end()) throw Malformed("a message lacks " + key);
    return found->second;
  }

  static Value of(bool value) { return whole(Kind::boolean, value ? 1 : 0); }
  static Value of(std::int64_t value) { return whole(Kind::integer, value); }
  static Value of(double value) {
    Value made;
    made.kind = Kind::real;
    made.real_ = value;
    return made;
  }
  static Value of(std::string value) { return bytes(Kind::text, std::move(value)); }
  static Value of_binary(std::string value) { return bytes(Kind::binary, std::move(value)); }

 private:
  std::int64_t number_ = 0;
  double real_ = 0;
  std::string bytes_;

  static Value whole(Kind kind, std::int64_t value) {
    Value made;
    made.kind = kind;
    made.number_ = value;
    return made;
  }
  static Value bytes(Kind kind, std::string value) {
    Value made;
    made.kind = kind;
    made.bytes_ = std::move(value);
    return made;
  }
  const Value& need(Kind wanted) const {
    if (kind != wanted) throw Malformed("a value of a message is of another kind than it should be");
    return *this;
  }
  template <typename T, typename Raw>
  std::vector<T> numbers() const {
    const std::string& data = binary();
    if (data.size() % sizeof(Raw)) throw Malformed("binary data is no whole number of items");
    std::vector<T> found(data.size() / sizeof(Raw));
    for (std::size_t i = 0; i < found.size(); i++) {
      Raw raw = 0;
      for (std::size_t b = 0; b < sizeof(Raw); b++)
        raw |= static_cast<Raw>(static_cast<unsigned char>(data[i * sizeof(Raw) + b])) << (8 * b);
      std::memcpy(&found[i], &raw, sizeof(Raw));
    }
    return found;
  }
};

namespace detail {

// Reads msgpack: what the protocol uses of it.
class Reader {
 public:
  explicit Reader(std::string_view data) : data_(data) {}

  Value message() {
    Value value = read(0);
    if (at_ != data_.size()) throw Malformed("there are bytes behind a message");
    if (value.kind != Value::Kind::map || !value.has("type")) throw Malformed("a message is a map with a type");
    return value;
  }

 private:
  std::string_view data_;
  std::size_t at_ = 0;

  std::string_view take(std::size_t size) {
    if (size > data_.size() - at_) throw Malformed("a message ends too early");
    at_ += size;
    return data_.substr(at_ - size, size);
  }
  std::uint64_t big(std::size_t width) {
    std::uint64_t value = 0;
    for (char each : take(width)) value = value << 8 | static_cast<unsigned char>(each);
    return value;
  }
  Value read(int depth) {
    if (depth > kDeepest) throw Malformed("a message is nested too deeply");
    auto head = static_cast<unsigned>(big(1));
    if (head < 0x80) return Value::of(std::int64_t{head});
    if (head < 0x90) return map(head & 0x0f, depth);
    if (head < 0xa0) return array(head & 0x0f, depth);
    if (head < 0xc0) return Value::of(std::string(take(head & 0x1f)));
    if (head >= 0xe0) return Value::of(std::int64_t{static_cast<std::int8_t>(head)});
    switch (head) {
      case 0xc0: return {};
      case 0xc2: return Value::of(false);
      case 0xc3: return Value::of(true);
      case 0xc4: return Value::of_binary(std::string(take(big(1))));
      case 0xc5: return Value::of_binary(std::string(take(big(2))));
      case 0xc6: return Value::of_binary(std::string(take(big(4))));
      case 0xca: return Value::of(static_cast<double>(real<float, std::uint32_t>()));
      case 0xcb: return Value::of(real<double, std::uint64_t>());
      case 0xcc: return unsigned_integer(1);
      case 0xcd: return unsigned_integer(2);
      case 0xce: return unsigned_integer(4);
      case 0xcf: return unsigned_integer(8);
      case 0xd0: return Value::of(std::int64_t{static_cast<std::int8_t>(big(1))});
      case 0xd1: return Value::of(std::int64_t{static_cast<std::int16_t>(big(2))});
      case 0xd2: return Value::of(std::int64_t{static_cast<std::int32_t>(big(4))});
      case 0xd3: return Value::of(static_cast<std::int64_t>(big(8)));
      case 0xd9: return Value::of(std::string(take(big(1))));
      case 0xda: return Value::of(std::string(take(big(2))));
      case 0xdb: return Value::of(std::string(take(big(4))));
      case 0xdc: return array(big(2), depth);
      case 0xdd: return array(big(4), depth);
      case 0xde: return map(big(2), depth);
      case 0xdf: return map(big(4), depth);
      default: throw Malformed("a byte that this protocol does not use");
    }
  }
  Value unsigned_integer(std::size_t width) {
    std::uint64_t value = big(width);
    if (value > INT64_MAX) throw Malformed("a whole number is too large");
    return Value::of(static_cast<std::int64_t>(value));
  }
  template <typename T, typename Raw>
  T real() {
    auto raw = static_cast<Raw>(big(sizeof(Raw)));
    T value;
    std::memcpy(&value, &raw, sizeof(T));
    return value;
  }
  Value array(std::uint64_t size, int depth) {
    Value found;
    found.kind = Value::Kind::array;
    for (; size > 0; size--) found.items.push_back(read(depth + 1));
    return found;
  }
  Value map(std::uint64_t size, int depth) {
    Value found;
    found.kind = Value::Kind::map;
    for (; size > 0; size--) {
      Value key = read(depth + 1);
      found.keys[key.text()] = read(depth + 1);
    }
    return found;
  }
};

// Writes a message: a map whose first key is its type. Up to 15 keys.
class Writer {
 public:
  explicit Writer(std::string_view type) {
    out_.push_back(static_cast<char>(0x80));
    add("type", type);
  }
  Writer& add(std::string_view key, std::string_view value) {
    name(key);
    text(value);
    return *this;
  }
  Writer& add(std::string_view key, std::uint64_t value) {
    name(key);
    if (value < 0x80) big(value, 1);
    else sized(value, 0xcc, 0xcd, 0xce, 0xcf);
    return *this;
  }
  Writer& add(std::string_view key, double value) {
    std::uint64_t raw;
    std::memcpy(&raw, &value, sizeof raw);
    name(key);
    big(0xcb, 1);
    big(raw, 8);
    return *this;
  }
  template <typename Raw, typename T>
  Writer& add_array(std::string_view key, const std::vector<T>& values) {
    name(key);
    sized(values.size() * sizeof(Raw), 0xc4, 0xc5, 0xc6, 0xc6);
    for (const T& value : values) {
      Raw raw;
      std::memcpy(&raw, &value, sizeof raw);
      for (std::size_t b = 0; b < sizeof raw; b++) out_.push_back(static_cast<char>(raw >> (8 * b) & 0xff));
    }
    return *this;
  }
  std::string done() { return std::move(out_); }

 private:
  std::string out_;

  void name(std::string_view key) {
    out_[0]++;
    text(key);
  }
  void text(std::string_view value) {
    if (value.size() < 32) big(0xa0 | value.size(), 1);
    else sized(value.size(), 0xd9, 0xda, 0xdb, 0xdb);
    out_.append(value);
  }
  void sized(std::uint64_t value, unsigned byte8, unsigned byte16, unsigned byte32, unsigned byte64) {
    std::size_t width = value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x100000000 ? 4 : 8;
    big(width == 1 ? byte8 : width == 2 ? byte16 : width == 4 ? byte32 : byte64, 1);
    big(value, width);
  }
  void big(std::uint64_t value, std::size_t width) {
    for (std::size_t b = width; b-- > 0;) out_.push_back(static_cast<char>(value >> (8 * b) & 0xff));
  }
};

}  // namespace detail

// Take a message's bytes apart; throws Malformed.
inline Value decode(std::string_view payload) { return detail::Reader(payload).message(); }

// A connection to a live run that another process serves.
class Client {
 public:
  // Connects and says hello. Throws ServerLost.
  explicit Client(const std::string& host, int port = 17880, const std::string& token = "",
                  const std::string& name = "c++") {
    dial(host, port);
    detail::Writer hello("hello");
    hello.add("version", std::uint64_t{kVersion});
    if (!token.empty()) hello.add("token", token);
    send(hello.add("name", name));
    try {
      welcome_ = until("welcome", 0);
    } catch (...) {
      ::close(socket_);
      throw;
    }
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // What the server said first: rights, capabilities, timestep_ms, ...
  const Value& welcome() const { return welcome_; }

  // Messages of streams that were dropped because receive() was not called in time.
  std::uint64_t dropped() const { return dropped_; }

  // The populations and projections.
  Value network() {
    std::uint64_t request = ++request_;
    send(detail::Writer("list").add("request", request));
    return until("network", request);
  }

  // Ask for a stream; give the channel that its messages name. every_ms: see protocols/stream.md.
  std::int64_t subscribe(const std::string& what, const std::string& target = "", double every_ms = NAN) {
    std::uint64_t request = ++request_;
    detail::Writer message("subscribe");
    message.add("request", request).add("what", what);
    if (!target.empty()) message.add("target", target);
    if (!std::isnan(every_ms)) message.add("every_ms", every_ms);
    send(message);
    return until("subscribed", request).at("channel").integer();
  }

  void unsubscribe(std::int64_t channel) {
    std::uint64_t request = ++request_;
    send(detail::Writer("unsubscribe").add("request", request).add("channel", static_cast<std::uint64_t>(channel)));
    until("done", request);
  }

  // Let neurons of a SpikeInjector fire now, or at a tick. Returns when they are on their way.
  void inject(const std::string& population, const std::vector<std::uint32_t>& ids,
              std::optional<std::uint64_t> tick = std::nullopt) {
    std::uint64_t request = ++request_;
    detail::Writer message("inject");
    message.add("population", population).add_array<std::uint32_t>("ids", ids);
    if (tick) message.add("tick", *tick);
    send(message.add("request", request));
    until("done", request);
  }

  // Set the rates (Hz) of a Poisson population: of these neurons, or of all in order.
  void set_rates(const std::string& population, const std::vector<double>& rates,
                 const std::vector<std::uint32_t>& ids = {}) {
    std::uint64_t request = ++request_;
    detail::Writer message("set_rates");
    message.add("population", population).add_array<std::uint64_t>("rates", rates);
    if (!ids.empty()) message.add_array<std::uint32_t>("ids", ids);
    send(message.add("request", request));
    until("done", request);
  }

  // Let the network advance; give the tick where it stands then.
  std::int64_t step(double ms) {
    std::uint64_t request = ++request_;
    send(detail::Writer("step").add("request", request).add("ms", ms));
    return until("done", request).at("tick").integer();
  }

  // The next message of any stream, or nothing after timeout_s seconds (without one: for ever).
  // A channel that ends comes as a message of type "end".
  std::optional<Value> receive(double timeout_s = -1) {
    auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(timeout_s);
    while (held_.empty()) {
      if (gone_) throw *gone_;
      double left = std::chrono::duration<double>(deadline - std::chrono::steady_clock::now()).count();
      if (!read(timeout_s < 0 ? -1 : static_cast<int>(std::max(0.0, left * 1000)))) return std::nullopt;
      sort();
    }
    Value message = std::move(held_.front());
    held_.pop_front();
    return message;
  }

 private:
  int socket_ = -1;
  std::uint64_t request_ = 0;
  std::string bytes_;
  std::deque<Value> held_;     // of streams, for receive()
  std::uint64_t dropped_ = 0;
  std::optional<ServerLost> gone_;  // once the server has said goodbye
  std::deque<Value> answers_;  // to requests
  Value welcome_;

  void dial(const std::string& host, int port) {
    addrinfo wanted{}, *found = nullptr;
    wanted.ai_socktype = SOCK_STREAM;
    if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found) == 0) {
      for (addrinfo* each = found; each && socket_ < 0; each = each->ai_next) {
        socket_ = ::socket(each->ai_family, each->ai_socktype, each->ai_protocol);
        if (socket_ >= 0 && ::connect(socket_, each->ai_addr, each->ai_addrlen) != 0) {
          ::close(socket_);
          socket_ = -1;
        }
      }
      freeaddrinfo(found);
    }
    if (socket_ < 0) throw ServerLost("nothing answers at " + host + ", port " + std::to_string(port));
    int yes = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }

  void send(detail::Writer& message) {
    std::string payload = message.done(), data;
    for (int b = 0; b < 4; b++) data.push_back(static_cast<char>(payload.size() >> (8 * b) & 0xff));
    data += payload;
    for (std::size_t at = 0; at < data.size();) {
      ssize_t sent = ::send(socket_, data.data() + at, data.size() - at, MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) break;  // why stands in what the server said last
      at += static_cast<std::size_t>(sent);
    }
  }

  // Wait for the answer of this type to a request; streams' messages are kept for receive().
  Value until(const std::string& type, std::uint64_t request) {
    while (true) {
      while (!answers_.empty()) {
        Value answer = std::move(answers_.front());
        answers_.pop_front();
        if (answer.has("request") ? static_cast<std::uint64_t>(answer.at("request").integer()) != request : request)
          continue;  // of an earlier request that was given up
        if (answer.at("type").text() == "error") throw Refused(answer.at("message").text(), answer.at("code").text());
        if (answer.at("type").text() == type) return answer;
      }
      if (gone_) throw *gone_;
      read(-1);
      sort();
    }
  }

  // Read once; false if nothing came in time. Throws ServerLost at the end.
  bool read(int timeout_ms) {
    pollfd waiting{socket_, POLLIN, 0};
    int ready = ::poll(&waiting, 1, timeout_ms);
    if (ready == 0) return false;
    if (ready < 0) {
      if (errno == EINTR) return true;
      throw ServerLost("the connection failed");
    }
    char data[65536];
    ssize_t size = ::recv(socket_, data, sizeof data, 0);
    if (size < 0 && errno == EINTR) return true;
    if (size <= 0) throw ServerLost("the server has closed the connection");
    bytes_.append(data, static_cast<std::size_t>(size));
    return true;
  }

  void sort() {
    std::size_t at = 0;
    while (bytes_.size() - at >= 4) {
      std::size_t size = 0;
      for (int b = 3; b >= 0; b--) size = size << 8 | static_cast<unsigned char>(bytes_[at + b]);
      if (size == 0 || size > kMostBytes) throw Malformed("a message of impossible length");
      if (bytes_.size() - at < 4 + size) break;
      take(decode(std::string_view(bytes_).substr(at + 4, size)));
      at += 4 + size;
    }
    bytes_.erase(0, at);
  }

  void take(Value message) {
    const std::string& type = message.at("type").text();
    if (type == "goodbye")
      gone_ = ServerLost("the server says goodbye: " + message.at("message").text(), message.at("code").text());
    else if (type == "welcome" || type == "network" || type == "subscribed" || type == "done" || type == "error")
      answers_.push_back(std::move(message));
    else if (message.has("channel")) {
      if (held_.size() == kHeld) {
        held_.pop_front();
        dropped_++;
      }
      held_.push_back(std::move(message));
    }
  }
};

}  // namespace spinnlive

#endif
