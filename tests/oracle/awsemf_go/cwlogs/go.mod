module github.com/open-telemetry/opentelemetry-collector-contrib/internal/aws/cwlogs

go 1.25.0

require (
	github.com/aws/aws-sdk-go-v2 v1.42.1
	go.opentelemetry.io/collector/component v1.62.0
	go.uber.org/zap v1.28.0
)

require (
	github.com/aws/smithy-go v1.27.3 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/hashicorp/go-version v1.9.0 // indirect
	github.com/json-iterator/go v1.1.12 // indirect
	github.com/modern-go/concurrent v0.0.0-20180306012644-bacd9c7ef1dd // indirect
	github.com/modern-go/reflect2 v1.0.3-0.20250322232337-35a7c28c31ee // indirect
	go.opentelemetry.io/collector/featuregate v1.62.0 // indirect
	go.opentelemetry.io/collector/pdata v1.62.0 // indirect
	go.opentelemetry.io/otel v1.44.0 // indirect
	go.opentelemetry.io/otel/metric v1.44.0 // indirect
	go.opentelemetry.io/otel/trace v1.44.0 // indirect
	go.uber.org/multierr v1.11.0 // indirect
)

require nacelle/tests/oracle/awsemf_go/taken v0.0.0

replace nacelle/tests/oracle/awsemf_go/taken => ../taken
