module isobar/cluster/helm

go 1.24.0
