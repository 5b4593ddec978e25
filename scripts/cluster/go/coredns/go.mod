module isobar/cluster/coredns

go 1.24.0
