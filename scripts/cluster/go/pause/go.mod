module isobar/cluster/pause

go 1.24.0
