#!/bin/sh
# fuzz.sh SECONDS SEEDS TARGET: runs one libFuzzer program for so long, in the
# folder that holds it; silent but for a finding, whose log it prints.
set -u
seconds=$1 seeds=$2 target=$3
name=${target#tests/fuzz_}

mkdir -p "corpus/$name" found logs
if "$target" -max_total_time="$seconds" -seed=1 -timeout=10 \
	-rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
	-artifact_prefix="found/$name-" "corpus/$name" "$seeds/$name" \
	>"logs/$name" 2>&1
then
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "logs/$name")
	echo "fuzz $name: $runs runs in $seconds s, nothing found"
else
	echo "fuzz $name: found something"
	tail -n 60 "logs/$name"
	exit 1
fi
