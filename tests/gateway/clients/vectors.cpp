// Decode every line of hex from the standard input; print it as JSON, or "malformed".
#include <cstdio>
#include <iostream>
#include <string>

#include "spinnlive.hpp"

using spinnlive::Value;

static void print(const Value& value, const std::string& key) {
  const char* comma = "";
  char number[40];
  switch (value.kind) {
    case Value::Kind::nil: std::cout << "null"; break;
    case Value::Kind::boolean: std::cout << (value.boolean() ? "true" : "false"); break;
    case Value::Kind::integer: std::cout << value.integer(); break;
    case Value::Kind::real:
      std::snprintf(number, sizeof number, "%.17g", value.number());
      std::cout << number;
      break;
    case Value::Kind::text: std::cout << '"' << value.text() << '"'; break;
    case Value::Kind::binary:
      std::cout << "{\"array\": [";
      if (key == "weights" || key == "delays_ms" || key == "rates") {
        for (double each : value.reals()) {
          std::snprintf(number, sizeof number, "%s%.17g", comma, each);
          std::cout << number;
          comma = ", ";
        }
      } else {
        for (std::uint32_t each : value.ids()) {
          std::cout << comma << each;
          comma = ", ";
        }
      }
      std::cout << "]}";
      break;
    case Value::Kind::array:
      std::cout << '[';
      for (const Value& each : value.items) {
        std::cout << comma;
        print(each, "");
        comma = ", ";
      }
      std::cout << ']';
      break;
    case Value::Kind::map:
      std::cout << '{';
      for (const auto& [name, each] : value.keys) {
        std::cout << comma << '"' << name << "\": ";
        print(each, name);
        comma = ", ";
      }
      std::cout << '}';
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
      std::cout << '[';
      print(message, "");
      std::cout << "]\n";
    } catch (const spinnlive::Malformed& error) {
      std::cout << "\"malformed: " << error.what() << "\"\n";
    }
  }
}
