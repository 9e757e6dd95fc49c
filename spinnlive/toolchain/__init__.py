"""The genuine tool chain: the only place of spinnlive that imports sPyNNaker and the packages below
it.

Everything here blocks and keeps sPyNNaker's own global state, so `spinnlive.live` calls it from one
worker thread. What it hands over are the plain values of `spinnlive.toolchain.values`.

* `defaults`: our settings below the user's own cfg files; arranged by ``import spinnlive`` through
`hook`
* `machine`: which board the network runs on
* `simulator`: load, run, stop; what the network consists of
* `layout`: where a projection's weights lie in the board's memory
* `progress`: sPyNNaker's progress bars, redirected
* `private`: every private name of theirs that we use, with a self-test that says which one is
missing

Nothing of sPyNNaker is imported before it is needed: importing this package costs milliseconds.
"""
