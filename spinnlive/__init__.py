"""spinnlive runs a PyNN network on a SpiNNaker board live: spikes in, spikes out, weights and time as async streams."""
