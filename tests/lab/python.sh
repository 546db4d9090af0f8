#!/bin/bash
# contrib/python/dmabufctl.py on real devices.
. "$(dirname "$0")/lib.sh"

run /usr/bin/python3 "$(dirname "$0")/python.py" "$NVME" "$EDU"
said=$out
ok 'it comes to its end' equal "$rc $err" '0 '
while read -r line; do
	case $line in
	\#*) echo "$line" ;;
	*) ok "${line#* - }" equal "${line%% - *}" ok ;;
	esac
done <<<"$said"
ok 'all of it was tried' equal "$(grep -c '^ok' <<<"$said")" 34
leave_nothing
done_testing
