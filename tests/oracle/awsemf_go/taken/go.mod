module nacelle/tests/oracle/awsemf_go/taken

go 1.25.0
