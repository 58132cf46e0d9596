# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# guest.sh - for commands inside the board: runs the gateway beside its broker.
#
# Sourced. $D is the module's debugfs folder; what lands in /out comes home.

# gateway_start: subscribes to everything, then starts the gateway: not before the kernel
# has changed its clock source, a second after the boot, with interrupts off.
gateway_start() {
	sleep 2
	mosquitto_sub -q 1 -t '#' -F '%t %p' >/out/mqtt.log &
	subscriber=$!
	sleep 0.3
	cp "$D/stat" /out/clock
	pin2mqtt run -c /etc/pin2mqtt.yaml 2>>/out/gateway.log &
	gateway=$!
}

# gateway_stop: lets what is under way arrive, then ends both in good order.
gateway_stop() {
	sleep 1
	kill "$gateway" 2>/dev/null
	wait "$gateway"
	echo $? >/out/gateway.status
	sleep 1
	kill "$subscriber"
	wait "$subscriber"
}

# frames: how many frames the sensors have sent.
frames() {
	cut -d ' ' -f 3 "$D/stat"
}

# wait_frames N SECONDS: until N have been sent; fails when the time is over. Nothing polls:
# a program that starts takes the CPU from the gateway for longer than a frame has.
wait_frames() {
	echo "$1 $2" 2>/dev/null >"$D/wait" || {
		echo "guest: $(frames) frames after $2 s"
		return 1
	}
}

# sample_cpu NAME: the module's clock and idle time, and what each thread of the
# gateway has used, into /out/NAME.
sample_cpu() {
	cp "$D/stat" "/out/$1"
	for task in "/proc/$gateway"/task/*; do
		echo "$(cut -d ' ' -f 1 "$task/schedstat") $(cat "$task/comm")"
	done >>"/out/$1" 2>/dev/null
}

# sample_memory: appends "now_ns VmRSS VmData threads descriptors" to /out/memory.
sample_memory() {
	echo "$(cut -d ' ' -f 1 "$D/stat") $(sed -n \
		's/^\(VmRSS\|VmData\|Threads\):[^0-9]*\([0-9]*\).*/\2/p' \
		"/proc/$gateway/status" | tr '\n' ' ')$(find "/proc/$gateway/fd" -type l | wc -l)" >>/out/memory
}
