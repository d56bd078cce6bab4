// SPDX-License-Identifier: Apache-2.0

package main

// A Fargate task as the task metadata endpoint, version 4, describes it.
const (
	container = `{
  "DockerId": "cd189a933e5849daa93386466019ab50-2495160603", "Name": "otel-collector",
  "DockerName": "otel-collector", "Image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/collector:latest",
  "ImageID": "sha256:25f3695bedfb454a50f12d127839a68ad3caf91e451c1da073db34c542c4d2cb",
  "Labels": {"com.amazonaws.ecs.cluster": "arn:aws:ecs:us-east-1:111122223333:cluster/default",
    "com.amazonaws.ecs.container-name": "otel-collector",
    "com.amazonaws.ecs.task-arn": "arn:aws:ecs:us-east-1:111122223333:task/default/cd189a933e5849daa93386466019ab50",
    "com.amazonaws.ecs.task-definition-family": "shop", "com.amazonaws.ecs.task-definition-version": "2"},
  "DesiredStatus": "RUNNING", "KnownStatus": "RUNNING", "Limits": {"CPU": 2},
  "CreatedAt": "2020-10-08T20:09:11.44527186Z", "StartedAt": "2020-10-08T20:09:11.44527186Z", "Type": "NORMAL",
  "ContainerARN": "arn:aws:ecs:us-east-1:111122223333:container/05966557-f16c-49cb-9352-24b3a0dcd0e1",
  "LogDriver": "awslogs", "LogOptions": {"awslogs-create-group": "true", "awslogs-group": "/ecs/shop",
    "awslogs-region": "us-east-1", "awslogs-stream": "ecs/otel-collector/cd189a933e5849daa93386466019ab50"},
  "Networks": [{"NetworkMode": "awsvpc", "IPv4Addresses": ["10.0.0.108"]}]
}`
	task = `{
  "Cluster": "arn:aws:ecs:us-east-1:111122223333:cluster/default",
  "TaskARN": "arn:aws:ecs:us-east-1:111122223333:task/default/cd189a933e5849daa93386466019ab50",
  "Family": "shop", "Revision": "2", "DesiredStatus": "RUNNING", "KnownStatus": "RUNNING",
  "Limits": {"CPU": 0.5, "Memory": 1024}, "AvailabilityZone": "us-east-1d", "LaunchType": "FARGATE",
  "Containers": [` + container + `]
}`
)
