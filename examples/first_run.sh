#!/usr/bin/env bash
# The main job on real photographs: supervised student, supervised teacher and SSLIQA on the same
# splits of LIVE Challenge, a fifth of the training labels, five seeds that no setting was chosen on.
# Finished runs are skipped, interrupted ones resumed. To tabulate them:
#
#   examples/first_run.sh DATA WEIGHTS OUT [SEED ...] && python examples/summarize_runs.py OUT supervised-student
#
# DATA holds ratings.csv (image, mos, std on 0-100) and images/; WEIGHTS the safetensors start
# weights of both networks, as <backbone>.safetensors. Training takes a GPU where there is one, and
# with DEVICE=cuda the evaluation, too. On two cores two of these with different seeds and
# OMP_NUM_THREADS=1 take less time than one after the other.
set -euo pipefail
data=$1 weights=$2 out=$3
shift 3
mkdir -p "$out"

train() { # name, seed, further options
  local folder="$out/$1-$2" seed=$2
  shift 2
  if [ ! -f "$folder/config.yaml" ]; then
    ssliqa train --labels "$data/ratings.csv" --images "$data/images" --scale 0-100 \
      --weights "$weights" --label-budget 0.2 --seed "$seed" --out "$folder" --batch-size 8 \
      --protocol.short 500 --protocol.crop 384 --protocol.grid 2 --student.frozen_stages 4 "$@"
  elif [ ! -d "$folder/model" ]; then
    ssliqa train --resume --out "$folder"
  fi
  [ -f "$folder/evaluation/metrics.json" ] || ssliqa evaluate "$folder" --device "${DEVICE:-cpu}"
}

[ $# -gt 0 ] || set -- 10 11 12 13 14
for seed in "$@"; do
  train supervised-student "$seed" --method supervised --student mobilenetv2_100 --steps 300
  train supervised-teacher "$seed" --method supervised --student mobilenetv1_100 --steps 300
  train ssliqa "$seed" --method ssliqa --student mobilenetv2_100 --steps 300 \
    --teacher mobilenetv1_100 --teacher.frozen_stages 4
done
