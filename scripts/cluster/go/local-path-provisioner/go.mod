module isobar/cluster/local-path-provisioner

go 1.24.0
