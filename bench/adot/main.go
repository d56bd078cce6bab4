// SPDX-License-Identifier: Apache-2.0

// What ADOT is made of at the version that the ECS guide names, with the guide's components and those that a
// benchmark of them needs.
package main

import (
	"log"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/awscloudwatchlogsexporter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/awsemfexporter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/awsxrayexporter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/healthcheckextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/resourcedetectionprocessor"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/converter/expandconverter"
	"go.opentelemetry.io/collector/confmap/provider/envprovider"
	"go.opentelemetry.io/collector/confmap/provider/fileprovider"
	"go.opentelemetry.io/collector/confmap/provider/yamlprovider"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/debugexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/batchprocessor"
	"go.opentelemetry.io/collector/processor/memorylimiterprocessor"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
)

func factories() (otelcol.Factories, error) {
	var set otelcol.Factories
	var err error
	if set.Extensions, err = extension.MakeFactoryMap(healthcheckextension.NewFactory()); err != nil {
		return set, err
	}
	if set.Receivers, err = receiver.MakeFactoryMap(otlpreceiver.NewFactory()); err != nil {
		return set, err
	}
	set.Processors, err = processor.MakeFactoryMap(memorylimiterprocessor.NewFactory(), batchprocessor.NewFactory(),
		resourcedetectionprocessor.NewFactory())
	if err != nil {
		return set, err
	}
	set.Exporters, err = exporter.MakeFactoryMap(awsxrayexporter.NewFactory(), awsemfexporter.NewFactory(),
		awscloudwatchlogsexporter.NewFactory(), otlphttpexporter.NewFactory(), debugexporter.NewFactory())
	return set, err
}

func main() {
	command := otelcol.NewCommand(otelcol.CollectorSettings{
		BuildInfo: component.BuildInfo{
			Command: "adot", Description: "ADOT's components of the ECS guide, the peer of the benchmark", Version: "0.98.0",
		},
		Factories: factories,
		ConfigProviderSettings: otelcol.ConfigProviderSettings{
			ResolverSettings: confmap.ResolverSettings{
				Providers: map[string]confmap.Provider{
					"file": fileprovider.NewWithSettings(confmap.ProviderSettings{}),
					"env":  envprovider.NewWithSettings(confmap.ProviderSettings{}),
					"yaml": yamlprovider.NewWithSettings(confmap.ProviderSettings{}),
				},
				Converters: []confmap.Converter{expandconverter.New(confmap.ConverterSettings{})},
			},
		},
	})
	if err := command.Execute(); err != nil {
		log.Fatal(err)
	}
}
