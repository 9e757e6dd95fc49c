// Print the live spikes of a population: g++ -std=c++17 example.cpp -o example; ./example 17880 reflex
#include <cstdio>
#include <cstdlib>

#include "spinnlive.hpp"

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  spinnlive::Client live("127.0.0.1", std::atoi(argv[1]));
  live.subscribe("spikes", argv[2]);
  while (auto batch = live.receive()) {
    if (batch->at("type").text() == "end") break;
    std::printf("%.1f", batch->at("time_ms").number());
    for (std::uint32_t id : batch->at("ids").ids()) std::printf(" %u", id);
    std::printf("\n");
  }
}
