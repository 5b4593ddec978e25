#!/usr/bin/env bash
# helm's own lint for every chart, and a rendering of every preset. HELM names the helm to use.
set -euo pipefail
cd "$(dirname "$0")/.."

helm=${ISOBAR_HELM:-helm}
command -v "$helm" >/dev/null || {
    echo "helm is not on PATH and ISOBAR_HELM does not name one: https://helm.sh/docs/intro/install/" >&2
    exit 1
}
# What charts are written for; a helm built from its module alone would say 1.20.
kubernetes=1.34.4

# Links to the parts are meant; helm says so of each.
quietly() {
    "$@" 2> >(grep -v "found symbolic link" >&2)
}

for chart in kafka jobs producer sinks postgres isobar; do
    options=(--strict --quiet --kube-version "$kubernetes")
    if [ "$chart" != producer ] && [ "$chart" != sinks ] && [ "$chart" != postgres ]; then
        options+=(--set apiChecks=false)
    fi
    quietly "$helm" lint "charts/$chart" "${options[@]}"
done
for preset in "" small production no-operators "no-operators small"; do
    options=()
    for file in $preset; do
        options+=(--values "charts/isobar/values-$file.yaml")
    done
    documents=$(quietly "$helm" template isobar charts/isobar --kube-version "$kubernetes" --set apiChecks=false "${options[@]}" | grep -c '^kind: ')
    printf '%-22s %3d resources\n' "${preset:-default}" "$documents"
done
