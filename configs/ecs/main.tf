# SPDX-License-Identifier: Apache-2.0
# A service on Fargate with Nacelle as its sidecar: config, roles, task definition, alarms. As cloudformation.yaml.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80"
    }
  }
}

variable "cluster" { type = string }
variable "subnets" { type = list(string) }
variable "security_groups" { type = list(string) }
variable "app_image" { type = string }
variable "collector_image" { type = string }
variable "alarm_topic" { type = string }
variable "cpu_architecture" {
  type    = string
  default = "X86_64"
}

data "aws_caller_identity" "this" {}
data "aws_region" "this" {}

resource "aws_ssm_parameter" "config" {
  name  = "/otel/collector-config"
  type  = "String"
  tier  = "Standard"
  value = file("${path.module}/collector-config-hardened.yaml")
}

resource "aws_cloudwatch_log_group" "this" {
  for_each          = toset(["/ecs/otel/metrics", "/ecs/otel/applogs", "/ecs/otel-collector", "/ecs/my-service"])
  name              = each.key
  retention_in_days = 14
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

data "aws_iam_policy_document" "telemetry" {
  statement {
    actions   = ["xray:PutTraceSegments"]
    resources = ["*"]
  }
  statement {
    actions = ["logs:PutLogEvents", "logs:CreateLogStream"]
    resources = [
      "${aws_cloudwatch_log_group.this["/ecs/otel/metrics"].arn}:*",
      "${aws_cloudwatch_log_group.this["/ecs/otel/applogs"].arn}:*",
    ]
  }
}

data "aws_iam_policy_document" "config" {
  statement {
    actions   = ["ssm:GetParameters"]
    resources = [aws_ssm_parameter.config.arn]
  }
}

resource "aws_iam_role" "task" {
  name               = "ecs-otel-task-role"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "task" {
  name   = "telemetry"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.telemetry.json
}

resource "aws_iam_role" "execution" {
  name               = "ecs-otel-execution-role"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}

resource "aws_iam_role_policy" "execution" {
  name   = "config"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.config.json
}

resource "aws_iam_role_policy_attachment" "execution" {
  role       = aws_iam_role.execution.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
}

# The containers are those of task-definition-hardened.json, with the names of here.
locals {
  sidecar = jsondecode(file("${path.module}/task-definition-hardened.json"))
  containers = [
    for container in local.sidecar.containerDefinitions : merge(container, {
      image = container.name == "app" ? var.app_image : var.collector_image
      secrets = container.name == "app" ? [] : [
        { name = "COLLECTOR_CONFIG", valueFrom = aws_ssm_parameter.config.arn }
      ]
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          "awslogs-group"         = container.logConfiguration.options["awslogs-group"]
          "awslogs-region"        = data.aws_region.this.name
          "awslogs-stream-prefix" = container.logConfiguration.options["awslogs-stream-prefix"]
        }
      }
    })
  ]
}

resource "aws_ecs_task_definition" "this" {
  family                   = "my-service-with-nacelle"
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = 512
  memory                   = 1024
  container_definitions    = jsonencode(local.containers)
  runtime_platform {
    cpu_architecture        = var.cpu_architecture
    operating_system_family = "LINUX"
  }
  volume {
    name = "otel-queue"
  }
}

resource "aws_ecs_service" "this" {
  name            = "my-service"
  cluster         = var.cluster
  task_definition = aws_ecs_task_definition.this.arn
  desired_count   = 2
  launch_type     = "FARGATE"
  network_configuration {
    subnets         = var.subnets
    security_groups = var.security_groups
  }
}

resource "aws_cloudwatch_log_metric_filter" "drops" {
  name           = "nacelle-dropped-items"
  log_group_name = aws_cloudwatch_log_group.this["/ecs/otel-collector"].name
  pattern        = "{ $.dropped_items > 0 && $.level = \"error\" }"
  metric_transformation {
    namespace     = "Nacelle"
    name          = "DroppedItems"
    value         = "$.dropped_items"
    default_value = 0
  }
}

locals {
  insights = { ClusterName = var.cluster, ServiceName = aws_ecs_service.this.name }
  alarms = {
    telemetry-is-lost = {
      namespace = "Nacelle", metric = "DroppedItems", dimensions = {}, statistic = "Sum", above = 0, periods = 1
    }
    xray-is-behind = {
      namespace  = "Nacelle", metric = "nacelle_exporter_queue_oldest_age",
      dimensions = { exporter = "awsxray" }, statistic = "Maximum", above = 300, periods = 3
    }
    logs-are-behind = {
      namespace  = "Nacelle", metric = "nacelle_exporter_queue_oldest_age",
      dimensions = { exporter = "awscloudwatchlogs" }, statistic = "Maximum", above = 300, periods = 3
    }
    collector-is-unhealthy = {
      namespace  = "ECS/ContainerInsights", metric = "UnHealthyContainerHealthStatus",
      dimensions = local.insights, statistic = "Maximum", above = 0, periods = 3
    }
    collector-is-restarted = {
      namespace  = "ECS/ContainerInsights", metric = "RestartCount",
      dimensions = local.insights, statistic = "Maximum", above = 0, periods = 1
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each            = local.alarms
  alarm_name          = "my-service-${each.key}"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = 60
  evaluation_periods  = each.value.periods
  threshold           = each.value.above
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [var.alarm_topic]
}
