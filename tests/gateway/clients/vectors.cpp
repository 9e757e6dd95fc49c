// Decode every line of hex from the standard input; print it as JSON, or "malformed".
#include <cmath>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>

#include "spinnlive.hpp"

using spinnlive::Value;

static void print(std::ostream& out, const Value& value, const std::string& key) {
  const char* comma = "";
  char number[40];
  switch (value.kind) {
    case Value::Kind::nil: out << "null"; break;
    case Value::Kind::boolean: out << (value.boolean() ? "true" : "false"); break;
    case Value::Kind::integer: out << value.integer(); break;
    case Value::Kind::real:
      std::snprintf(number, sizeof number, "%.17g", value.number());
      out << (std::isfinite(value.number()) ? number : "1e999");
      break;
    case Value::Kind::text: out << '"' << value.text() << '"'; break;
    case Value::Kind::binary:
      out << "{\"array\": [";
      if (key == "weights" || key == "delays_ms" || key == "rates") {
        for (double each : value.reals()) {
          std::snprintf(number, sizeof number, "%s%.17g", comma, each);
          out << number;
          comma = ", ";
        }
      } else {
        for (std::uint32_t each : value.ids()) {
          out << comma << each;
          comma = ", ";
        }
      }
      out << "]}";
      break;
    case Value::Kind::array:
      out << '[';
      for (const Value& each : value.items) {
        out << comma;
        print(out, each, "");
        comma = ", ";
      }
      out << ']';
      break;
    case Value::Kind::map:
      out << '{';
      for (const auto& [name, each] : value.keys) {
        out << comma << '"' << name << "\": ";
        print(out, each, name);
        comma = ", ";
      }
      out << '}';
      break;
  }
}

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < line.size(); i += 2)
      bytes.push_back(static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16)));
    try {
      Value message = spinnlive::decode(bytes);
      message.at("type").text();
      std::ostringstream out;
      print(out, message, "");
      std::cout << '[' << out.str() << "]\n";
    } catch (const spinnlive::Malformed& error) {
      std::cout << "\"malformed: " << error.what() << "\"\n";
    }
  }
}
