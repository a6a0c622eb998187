locals {
  # How Athena reads a log file, `{"Records": [...]}`: a row a record, or a row a file with its records
  # as they are.
  # https://docs.aws.amazon.com/athena/latest/ug/cloudtrail-logs.html
  # https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
  _formats = {
    cloudtrail = {
      input = "com.amazon.emr.cloudtrail.CloudTrailInputFormat"
      serde = "org.apache.hive.hcatalog.data.JsonSerDe"
    }
    json = {
      input = "org.apache.hadoop.mapred.TextInputFormat"
      serde = "org.openx.data.jsonserde.JsonSerDe"
    }
  }

  # The columns that AWS documents. An object in a column of text is an error, but for the four fields
  # that CloudTrail's input format turns to text.
  # https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html
  _columns = {
    json = [["records", "array<string>"]]

    logs = [
      ["eventversion", "string"],
      ["useridentity", "struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,accesskeyid:string,username:string,onbehalfof:struct<userid:string,identitystorearn:string>,sessioncontext:struct<attributes:struct<mfaauthenticated:string,creationdate:string>,sessionissuer:struct<type:string,principalid:string,arn:string,accountid:string,username:string>,ec2roledelivery:string,webidfederationdata:struct<federatedprovider:string,attributes:map<string,string>>>>"],
      ["eventtime", "string"],
      ["eventsource", "string"],
      ["eventname", "string"],
      ["awsregion", "string"],
      ["sourceipaddress", "string"],
      ["useragent", "string"],
      ["errorcode", "string"],
      ["errormessage", "string"],
      ["requestparameters", "string"],
      ["responseelements", "string"],
      ["additionaleventdata", "string"],
      ["requestid", "string"],
      ["eventid", "string"],
      ["readonly", "string"],
      ["resources", "array<struct<arn:string,accountid:string,type:string>>"],
      ["eventtype", "string"],
      ["apiversion", "string"],
      ["recipientaccountid", "string"],
      ["serviceeventdetails", "string"],
      ["sharedeventid", "string"],
      ["vpcendpointid", "string"],
      ["vpcendpointaccountid", "string"],
      ["eventcategory", "string"],
      ["addendum", "struct<reason:string,updatedfields:string,originalrequestid:string,originaleventid:string>"],
      ["sessioncredentialfromconsole", "string"],
      ["edgedevicedetails", "string"],
      ["tlsdetails", "struct<tlsversion:string,ciphersuite:string,clientprovidedhostheader:string>"],
    ]

    # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-insights-fields-trails.html
    insights = [
      ["eventversion", "string"],
      ["eventtime", "string"],
      ["awsregion", "string"],
      ["eventid", "string"],
      ["eventtype", "string"],
      ["recipientaccountid", "string"],
      ["sharedeventid", "string"],
      ["insightdetails", "struct<state:string,eventsource:string,eventname:string,insighttype:string,errorcode:string,insightcontext:struct<statistics:struct<baseline:struct<average:double>,insight:struct<average:double>,insightduration:bigint,baselineduration:bigint>,attributions:array<struct<attribute:string,insight:array<struct<value:string,average:double>>,baseline:array<struct<value:string,average:double>>>>>>"],
      ["eventcategory", "string"],
    ]
  }
}
