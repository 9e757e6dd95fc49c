// Do once everything that a client can do, and say what was seen. Usage: follow HOST PORT
#include <cstdio>
#include <cstdlib>

#include "spinnlive.hpp"

int main(int, char** argv) {
  spinnlive::Client live(argv[1], std::atoi(argv[2]));
  std::printf("welcome %d ", static_cast<int>(live.welcome().at("version").integer()));
  const char* comma = "";
  for (const auto& right : live.welcome().at("rights").items) {
    std::printf("%s%s", comma, right.text().c_str());
    comma = ",";
  }
  auto network = live.network();
  std::printf("\nnetwork ");
  comma = "";
  for (const auto& each : network.at("populations").items) {
    std::printf("%s%s", comma, each.at("label").text().c_str());
    comma = ",";
  }
  std::printf(" %d\n", static_cast<int>(network.at("projections").items[0].at("post_size").integer()));
  auto reflex = live.subscribe("spikes", "reflex");
  std::printf("ready\n");
  std::fflush(stdout);
  for (int number = 0; number < 3; number++) {
    auto batch = *live.receive();
    std::printf("spikes %d %g", static_cast<int>(batch.at("tick").integer()), batch.at("time_ms").number());
    for (auto id : batch.at("ids").ids()) std::printf(" %u", id);
    std::printf("\n");
  }
  live.inject("touch", {0, 3});
  try {
    live.inject("nobody", {1});
  } catch (const spinnlive::Refused& refused) {
    std::printf("true %s\n", refused.code.c_str());
  }
  auto plastic = live.subscribe("weights", "plastic", 50);
  auto snapshot = *live.receive();
  live.unsubscribe(plastic);
  std::printf("weights");
  for (double each : snapshot.at("weights").reals()) std::printf(" %g", each);
  std::printf(" %s\nclock true\ndone\n", snapshot.at("unit").text().c_str());
  std::fflush(stdout);
  int more = 0;
  try {
    while (auto batch = live.receive(3600)) {
      if (batch->at("type").text() == "spikes" && batch->at("channel").integer() == reflex) more++;
    }
  } catch (const spinnlive::ServerLost& lost) {
    std::printf("%s %d\n", lost.code == "closed" ? "ended" : lost.code.c_str(), more);
  }
}
