"""The constructs: they describe an application's environments on AWS and never call AWS.

Four kinds of stacks make an application, deployed in this order:

1. yours: the VPC, the cluster, the load balancer and its listeners. Constructs take them through interfaces.
2. :class:`ImageRepositories`: one ECR repository per image, once per application.
3. :class:`Deployer`: once per environment, in a stack of its own. It runs deployments.
4. :class:`WebService`, :class:`Worker`, :class:`Job` and :class:`Schedule`: as many as the environment has, in one
   stack or several.

And one that makes releases: :class:`DeliveryPipeline`, from a push to the environments. Without it, images come from
elsewhere and ``appdp deploy`` moves them.

What they may not do: change which release an environment runs. CloudFormation's templates name the moving image tag
``env-{environment}``, so no release changes a template, and no ``cdk deploy`` changes the release. Only the engine
does.

Importing this package imports ``aws_cdk``, which starts Node; nothing else in appdp imports it.
"""

from appdp.cdk.architecture import Architecture
from appdp.cdk.build_project import Build
from appdp.cdk.capacity import Capacity
from appdp.cdk.delivery_pipeline import DeliveryPipeline
from appdp.cdk.deployer import Deployer
from appdp.cdk.github import GitHub, Push
from appdp.cdk.health_check import HealthCheck
from appdp.cdk.job import Job
from appdp.cdk.job_options import JobOptions
from appdp.cdk.pipeline_stage import Approval, Environment, Stage
from appdp.cdk.pull_through_cache import PullThroughCache
from appdp.cdk.repositories import ImageRepositories
from appdp.cdk.scaling import Scaling
from appdp.cdk.scan import Scan
from appdp.cdk.schedule import Schedule
from appdp.cdk.schedule_options import ScheduleOptions
from appdp.cdk.service_options import ServiceOptions
from appdp.cdk.soci import Soci
from appdp.cdk.strategy import CodeDeployTraffic, Strategy
from appdp.cdk.task_options import TaskOptions
from appdp.cdk.web_service import WebService
from appdp.cdk.worker import Worker
from appdp.model.application import Application, Image

__all__ = [
    "Application",
    "Approval",
    "Architecture",
    "Build",
    "Capacity",
    "CodeDeployTraffic",
    "DeliveryPipeline",
    "Deployer",
    "Environment",
    "GitHub",
    "HealthCheck",
    "Image",
    "ImageRepositories",
    "Job",
    "JobOptions",
    "PullThroughCache",
    "Push",
    "Scaling",
    "Scan",
    "Schedule",
    "ScheduleOptions",
    "ServiceOptions",
    "Soci",
    "Stage",
    "Strategy",
    "TaskOptions",
    "WebService",
    "Worker",
]
