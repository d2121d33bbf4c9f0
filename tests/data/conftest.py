import sys
from pathlib import Path

# The photographs of one module's tests serve another's.
sys.path.append(str(Path(__file__).parent))
