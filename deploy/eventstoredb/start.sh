#!/bin/sh
# Starts KurrentDB, or EventStoreDB before it was renamed, with passwords for its own administrators, which count at the
# first start only. They come from files: the environment of a container is seen by whoever may inspect it, that of the
# process is not.
set -eu
KURRENTDB_DEFAULT_ADMIN_PASSWORD="$(cat /run/secrets/event-log-admin-password)"
KURRENTDB_DEFAULT_OPS_PASSWORD="$(cat /run/secrets/event-log-ops-password)"
export KURRENTDB_DEFAULT_ADMIN_PASSWORD KURRENTDB_DEFAULT_OPS_PASSWORD

# Up to 24.10 the same settings began with EVENTSTORE_.
if [ -d /opt/eventstore ]; then
  for name in $(env | sed -n 's/^KURRENTDB_\([A-Z_]*\)=.*/\1/p'); do
    eval "export EVENTSTORE_$name=\"\$KURRENTDB_$name\""
    unset "KURRENTDB_$name"
  done
fi
for program in /opt/kurrentdb/KurrentDB /opt/kurrentdb/kurrentd /opt/eventstore/eventstored /opt/eventstore/EventStore.ClusterNode; do
  if [ -x "$program" ]; then exec "$program"; fi
done
echo 'There is neither a KurrentDB nor an EventStoreDB in /opt.' >&2
exit 1
