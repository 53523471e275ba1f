#!/usr/bin/env bash
# A one-node Slurm in a folder of its own: nothing in /etc/slurm or /etc/munge is read or written.
#
#   slurm.sh install   apt-get install what is missing (Debian, Ubuntu; as root)
#   slurm.sh start     start it, unless it runs, and print the line that makes Slurm's commands talk to it
#   slurm.sh crash     what a power cut does: slurmd and all that runs on the node are gone at once
#   slurm.sh recover   start the node's slurmd again and put the node back into service
#   slurm.sh stop      end all of its processes and remove the folder
#
# slurmd runs in a PID namespace (needs root). When its first process is killed, the kernel kills all others in it,
# so that neither `crash` nor `stop` has to find job steps by their names.
set -euo pipefail

PACKAGES=(munge slurm-client slurmctld slurmd)
STATE=${SHOWREEL_SLURM:-${TMPDIR:-/tmp}/showreel-slurm}
NODE=$(hostname -s)
export SLURM_CONF=$STATE/slurm.conf
PATH=$PATH:/usr/sbin:/sbin

missing() {
    for command in munged slurmctld slurmd sbatch unshare; do
        command -v "$command" >/dev/null || printf '%s ' "$command"
    done
}

install() {
    [ -n "$(missing)" ] || return 0
    [ "$(id -u)" = 0 ] || fail "not found: $(missing)- run as root: apt-get install ${PACKAGES[*]}"
    apt-get update
    apt-get install --yes --no-install-recommends "${PACKAGES[@]}"
}

fail() {
    echo "$1" >&2
    exit 1
}

# The node claims more processors and memory than the machine may have: enough for what profiles/slurm asks for.
configure() {
    mkdir -p "$STATE"/{munge,spool,state}
    chmod 755 "$STATE" "$STATE/munge" # munged refuses folders that others can write to
    head --bytes 128 /dev/urandom >"$STATE/munge/key"
    chmod 600 "$STATE/munge/key"
    printf 'Name=gpu File=%s\n' /dev/null /dev/zero >"$STATE/gres.conf" # two GPUs; any device file will do
    echo "CgroupPlugin=cgroup/v1" >"$STATE/cgroup.conf" # does not look for systemd; nothing below uses cgroups
    local controller_port node_port
    read -r controller_port node_port < <(free_ports)
    cat >"$SLURM_CONF" <<END
ClusterName=showreel
SlurmctldHost=$NODE(127.0.0.1)
SlurmctldPort=$controller_port
SlurmdPort=$node_port
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$STATE/munge/socket
StateSaveLocation=$STATE/state
SlurmdSpoolDir=$STATE/spool
SlurmctldPidFile=$STATE/slurmctld.pid
SlurmdPidFile=$STATE/slurmd.pid
SlurmctldLogFile=$STATE/slurmctld.log
SlurmdLogFile=$STATE/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=0
KillWait=5
MinJobAge=600
GresTypes=gpu
NodeName=$NODE NodeAddr=127.0.0.1 CPUs=16 RealMemory=64000 Gres=gpu:2
PartitionName=main Nodes=$NODE Default=YES MaxTime=INFINITE
END
}

free_ports() {
    python3 -c 'import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(opened.getsockname()[1] for opened in sockets))'
}

start_munged() {
    munged --force --socket "$STATE/munge/socket" --key-file "$STATE/munge/key" --pid-file "$STATE/munge/pid" \
        --log-file "$STATE/munge/log" --seed-file "$STATE/munge/seed" 2>>"$STATE/munge/warnings"
}

# Only the node sees the folder as /etc/slurm, since Snakemake's plugin hides SLURM_CONF from the srun in a job.
# bash stays the namespace's first process, since slurmd does not wait for the orphans that such a process inherits.
start_slurmd() {
    setsid unshare --pid --fork --kill-child --mount-proc \
        bash -c "mount --bind '$STATE' /etc/slurm && slurmd -D -N '$NODE'; exit" </dev/null &>>"$STATE/slurmd.out" &
    echo $! >"$STATE/node.pid"
}

await_node() {
    for _ in {1..60}; do
        case $(sinfo --noheader --format %T 2>/dev/null) in idle | mixed | allocated) return ;; esac
        sleep 0.5
    done
    fail "the node has not come up in 30 seconds: $(sinfo --long 2>&1; tail "$STATE"/*.log)"
}

start() {
    if ! { ours munge/pid && ours slurmctld.pid && ours node.pid; } >/dev/null; then
        [ -z "$(missing)" ] || fail "not found: $(missing)- run: $0 install"
        stop
        configure
        start_munged
        slurmctld -f "$SLURM_CONF"
        start_slurmd
        await_node
    fi
    echo "export SLURM_CONF=$SLURM_CONF"
}

crash() {
    end_node
    scontrol update "nodename=$NODE" state=down reason="crash: a test"
}

recover() {
    start_slurmd
    scontrol update "nodename=$NODE" state=resume
    await_node
}

stop() {
    end_node
    end slurmctld.pid
    end munge/pid
    rm -rf "$STATE"
}

# Print the process of a pid file while it is ours, which is while its command line names the folder.
ours() {
    local pid
    pid=$(cat "$STATE/$1" 2>/dev/null) && grep -qsF "$STATE" "/proc/$pid/cmdline" && echo "$pid"
}

end() {
    local pid
    pid=$(ours "$1") || return 0
    kill "$pid"
    gone "$1"
}

# unshare ends after its child, the namespace's first process, and that one after all others in the namespace.
end_node() {
    local pid
    pid=$(ours node.pid) || return 0
    pkill -KILL --parent "$pid"
    gone node.pid
}

gone() {
    while ours "$1" >/dev/null; do sleep 0.1; done
}

case ${1:-} in
    install | start | crash | recover | stop) "$1" ;;
    *) sed -n '2,8s/^# \?//p' "$0" >&2; exit 2 ;;
esac
