module isobar/cluster/etcd

go 1.24.0
