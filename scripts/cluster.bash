# The commands 'tinygpt-spark cluster ...': Spark's standalone cluster on this machine, from Maven's jars; scripts/tinygpt-spark
# reads it. Logs are in $cluster, those of executors in $cluster/work.
#
# Written for bash 3.2, so that it runs on macOS too.
# shellcheck shell=bash

readonly start_seconds=60 stop_seconds=15

# Prints the process id and the command of each process of this user, as far as the system shows them.
processes() {
  local file word line
  if [ ! -r /proc/self/cmdline ]; then
    ps -axww -o pid=,command=
    return
  fi
  for file in /proc/[0-9]*/cmdline; do
    line=${file#/proc/}
    line=${line%/cmdline}
    # A process may have ended meanwhile.
    { while IFS= read -r -d '' word; do line="$line $word"; done <"$file"; } 2>/dev/null || continue
    printf '%s\n' "$line"
  done
}

# Sets masters, workers and executors to the process ids of this cluster.
find_cluster() {
  local pid command
  masters=() workers=() executors=()
  while read -r pid command; do
    case $command in
      *"$cluster/jars/*"*" org.apache.spark.deploy.master.Master "*) masters+=("$pid") ;;
      *"$cluster/jars/*"*" org.apache.spark.deploy.worker.Worker "*) workers+=("$pid") ;;
      *"$cluster/jars/*"*" org.apache.spark.executor."*) executors+=("$pid") ;;
    esac
  done < <(processes)
  running=$((${#masters[@]} + ${#workers[@]} + ${#executors[@]}))
}

# Prints a number and a noun.
count() {
  if [ "$1" = 1 ]; then printf '1 %s' "$2"; else printf '%s %ss' "$1" "$2"; fi
}

what_runs() {
  printf '%s, %s and %s' "$(count ${#masters[@]} master)" "$(count ${#workers[@]} worker)" \
    "$(count ${#executors[@]} executor)"
}

# The rest of the last line of a log that has this text.
logged() {
  sed -n "s|.*$2||p" "$1" 2>/dev/null | tail -n 1
}

# Starts a JVM that outlives this script and its terminal: its log, and its class and arguments. Sets started to its id.
daemon() {
  local log=$1
  shift
  nohup "$java" -XX:+UseSerialGC -Xmx256m -Dorg.slf4j.simpleLogger.showDateTime=true \
    '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS' -Dspark.ui.killEnabled=false \
    -Dspark.master.rest.enabled=false -Dorg.slf4j.simpleLogger.log.org.sparkproject=warn -cp "$cluster/jars/*" "$@" </dev/null >"$log" 2>&1 9>&- &
  started=$!
}

# Waits until the log has the text, and sets found to what follows it. Gives up if the process of that log ends.
await() {
  local log=$1 text=$2 pid=$3 polls=$((start_seconds * 5))
  until found=$(logged "$log" "$text") && [ -n "$found" ]; do
    if ! kill -0 "$pid" 2>/dev/null; then
      abandon "it ended at once; see $log"
    fi
    polls=$((polls - 1))
    [ "$polls" -gt 0 ] || abandon "nothing happened in $start_seconds seconds; see $log"
    sleep 0.2
  done
}

# Stops what has been started and ends with this message.
abandon() {
  trap - INT TERM
  end_cluster
  fail "the cluster did not start: $1"
}

# Stops whatever runs of the cluster and sets killed to how many processes had to be killed.
end_cluster() {
  local polls=$((stop_seconds * 5))
  killed=0
  find_cluster
  # A worker that is told to stop stops its executors.
  [ $((${#workers[@]} + ${#masters[@]})) -eq 0 ] ||
    kill ${workers[@]+"${workers[@]}"} ${masters[@]+"${masters[@]}"} 2>/dev/null || true
  while find_cluster && [ "$running" -gt 0 ] && [ "$polls" -gt 0 ]; do
    # Executors without a worker end by themselves, but not if they are stopped themselves.
    [ $((${#workers[@]} + ${#masters[@]})) -gt 0 ] || kill "${executors[@]}" 2>/dev/null || true
    polls=$((polls - 1))
    sleep 0.2
  done
  if [ "$running" -gt 0 ]; then
    killed=$running
    kill -9 ${masters[@]+"${masters[@]}"} ${workers[@]+"${workers[@]}"} ${executors[@]+"${executors[@]}"} 2>/dev/null || true
  fi
}

# An option and its value, which has to be a number from 1 to 64.
number() {
  case $2 in
    [1-9] | [1-5][0-9] | 6[0-4]) ;;
    *) misused "$1 is a number from 1 to 64, not '$2'" ;;
  esac
}

cluster_start() {
  local want=2 cores=1 memory=1g address worker=1 pids=()
  while [ $# -gt 0 ]; do
    case $1 in
      --*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;;
    esac
    case $1 in
      --workers | --cores | --memory) [ $# -ge 2 ] || misused "$1 needs a value" ;;
      *) misused "cluster start does not know '$1'" ;;
    esac
    case $1 in
      --workers) number "$1" "$2" && want=$2 ;;
      --cores) number "$1" "$2" && cores=$2 ;;
      --memory)
        [[ $2 =~ ^[1-9][0-9]{0,5}[mg]$ ]] || misused "--memory is a size as 512m or 2g, not '$2'"
        memory=$2
        ;;
    esac
    shift 2
  done

  find_java
  make cluster
  lock
  find_cluster
  if [ "$running" -gt 0 ]; then
    fail "a cluster runs already ($(what_runs)); $typed cluster stop ends it"
  fi
  rm -rf "$cluster"
  mkdir -p "$cluster/work"
  ln -s ../jars "$cluster/jars"
  stay_here "$cluster"
  # What executors leave when they are killed stays in the project. Of OMP_NUM_THREADS, see launcher.bash.
  export SPARK_LOCAL_DIRS=$cluster/scratch OMP_NUM_THREADS=1
  trap 'abandon "it was interrupted"' INT TERM
  # Where the port is taken, Spark takes the next that is free.
  daemon "$cluster/master.log" org.apache.spark.deploy.master.Master --host 127.0.0.1 --port 7077 --webui-port 0
  await "$cluster/master.log" 'Starting Spark master at ' "$started"
  address=$found
  while [ "$worker" -le "$want" ]; do
    daemon "$cluster/worker-$worker.log" org.apache.spark.deploy.worker.Worker --host 127.0.0.1 --webui-port 0 \
      --cores "$cores" --memory "$memory" --work-dir "$cluster/work/$worker" "$address"
    pids+=("$started")
    worker=$((worker + 1))
  done
  for ((worker = 1; worker <= want; worker++)); do
    await "$cluster/worker-$worker.log" 'Successfully registered with master ' "${pids[worker - 1]}"
  done
  trap - INT TERM
  unlock
  echo "$program: a master and $(count "$want" worker) with $(count "$cores" core) and $memory each;" \
    "$typed cluster stop ends them" >&2
  printf '%s\n' "$address"
}

cluster_status() {
  find_cluster
  if [ "$running" -eq 0 ]; then
    echo "no cluster runs; $typed cluster start starts one"
    exit 1
  fi
  echo "master   $(logged "$cluster/master.log" 'Starting Spark master at ')"
  echo "page     $(logged "$cluster/master.log" 'Bound MasterWebUI to 127.0.0.1, and started at ')"
  echo "running  $(what_runs)"
  echo "logs     $cluster"
  if [ ${#masters[@]} -eq 0 ]; then
    fail "the master does not run; $typed cluster stop ends the rest"
  fi
}

cluster_stop() {
  local stopped
  find_cluster
  if [ "$running" -eq 0 ]; then
    echo "no cluster runs" >&2
    return
  fi
  stopped=$(what_runs)
  end_cluster
  if [ "$killed" -gt 0 ]; then
    stopped="$stopped, of which $killed had to be killed"
  fi
  echo "stopped $stopped" >&2
}

cluster_command() {
  local command=${1-}
  case $command in
    start) ;;
    status | stop) [ $# -eq 1 ] || misused "cluster $command takes no arguments" ;;
    *) misused "cluster takes start, status or stop, not '$command'" ;;
  esac
  shift
  "cluster_$command" ${1+"$@"}
}
