"""Running somebody's PyNN script: ``spinnlive run``.

* `run`: the script itself, from its board to its exit code
* `board`: the board that it gets; `figures`, `backend`: what becomes of its figures
* `recorded`: its recorded data in a file
* `watch`: its runs, measured; `progress`, `report`: what the terminal says
"""
