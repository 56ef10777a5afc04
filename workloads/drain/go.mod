module sluice.dev/drain

go 1.26
