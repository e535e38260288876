"""OpenVINO's compiler, one for as long as the process lives; half a second to import.

The first compilation gives its thread a signal stack, which goes with the last core and compiled
graph. Where another thread lets go of that one, the first keeps the address of a stack that is no
longer there, and the next signal, a child's end say, kills the process (OpenVINO 2026.4).
"""

import openvino

CORE = openvino.Core()
