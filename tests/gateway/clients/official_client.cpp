// The C++ client of the SpiNNaker visualisers, as its users write it: prints the port at which it
// listens, sends 40 spikes, each after the one before came back, and what it received at the end.
// Built against the sources of SpiNNakerManchester/Visualiser, spynnaker_external_device_lib.
#include <pthread.h>

#include <condition_variable>
#include <iostream>
#include <mutex>
#include <vector>

#include "SpynnakerLiveSpikesConnection.h"
#include "WaitForStop.h"

namespace {
constexpr int kRounds = 40;
std::mutex mutex;
std::condition_variable arrived;
std::vector<std::pair<int, int>> received;

struct Receiver : SpikeReceiveCallbackInterface {
  void receive_spikes(char *, int time, int n_spikes, int *spikes) override {
    std::lock_guard<std::mutex> lock(mutex);
    for (int i = 0; i < n_spikes; i++) received.emplace_back(time, spikes[i]);
    arrived.notify_all();
  }
};

struct Sender : SpikesStartCallbackInterface {
  void spikes_start(char *label, SpynnakerLiveSpikesConnection *connection) override {
    for (int number = 0; number < kRounds; number++) {
      connection->send_spike(label, number % 5);
      std::unique_lock<std::mutex> lock(mutex);
      arrived.wait(lock, [=] { return static_cast<int>(received.size()) > number; });
    }
  }
};
}  // namespace

int main() {
  char touch[] = "touch", reflex[] = "reflex";
  char *receive[] = {reflex}, *send[] = {touch};
  SpynnakerLiveSpikesConnection connection(1, receive, 1, send);
  Receiver receiver;
  Sender sender;
  WaitForStop stop;
  connection.add_receive_callback(reflex, &receiver);
  connection.add_start_callback(touch, &sender);
  connection.add_pause_stop_callback(reflex, &stop);
  std::cout << connection.get_local_port() << std::endl;
  stop.wait_for_stop();
  std::lock_guard<std::mutex> lock(mutex);
  const char *comma = "[";
  for (auto [time, neuron] : received) {
    std::cout << comma << '[' << time << ", " << neuron << ']';
    comma = ", ";
  }
  std::cout << (received.empty() ? "[]" : "]") << std::endl;
  std::_Exit(0);  // its threads do not end
}
