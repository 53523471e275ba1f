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
        command -v "$command" >/dev/null || echo "$command"
    done
}

install() {
    [ -z "$(missing)" ] && return
    [ "$(id -u)" = 0 ] || { echo "not found:" $(missing) "- run as root: apt-get install ${PACKAGES[*]}" >&2; exit 1; }
    apt-get update
    apt-get install --yes --no-install-recommends "${PACKAGES[@]}"
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

# The node sees the folder as /etc/slurm, and nobody else does: Snakemake's plugin hides SLURM_CONF from the srun in a job.
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
    { echo "the node has not come up in 30 seconds:"; sinfo --long; tail "$STATE"/*.log; } >&2
    return 1
}

start() {
    if ! running; then
        [ -z "$(missing)" ] || { echo "not found:" $(missing) "- run: $0 install" >&2; exit 1; }
        stop
        configure
        start_munged
        slurmctld
        start_slurmd
        await_node
    fi
    echo "export SLURM_CONF=$SLURM_CONF"
}

running() {
    for pid in node.pid slurmctld.pid munge/pid; do
        [ -f "$STATE/$pid" ] && kill -0 "$(<"$STATE/$pid")" 2>/dev/null || return 1
    done
}

crash() {
    end node.pid KILL
    scontrol update "nodename=$NODE" state=down reason="crash: a test"
}

recover() {
    start_slurmd
    scontrol update "nodename=$NODE" state=resume
    await_node
}

end() {
    local file=$STATE/$1 pid
    [ -f "$file" ] || return 0
    pid=$(<"$file")
    kill -s "$2" "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    rm -f "$file"
}

stop() {
    end node.pid KILL
    end slurmctld.pid TERM
    end munge/pid TERM
    rm -rf "$STATE"
}

case ${1:-} in
    install | start | crash | recover | stop) "$1" ;;
    *) sed -n '2,8s/^# \?//p' "$0" >&2; exit 2 ;;
esac
