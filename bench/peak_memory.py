"""Peak memory of other programs, for the scripts of this folder."""
import subprocess
import sys

# Linux counts in a child's peak what its parent held when it started it: so a small one starts it.
STARTER = ("import os, subprocess, sys; process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL); "
           "_, status, usage = os.wait4(process.pid, 0); print(usage.ru_maxrss); sys.exit(status != 0)")


def peak(command):
    """Bytes. subprocess.CalledProcessError where the program fails."""
    starter = [sys.executable, "-I", "-S", "-c", STARTER, *command]
    return int(subprocess.run(starter, check=True, stdout=subprocess.PIPE, text=True).stdout) * 1024
