module isobar/cluster/kind

go 1.24.0
